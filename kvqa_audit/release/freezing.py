"""A finished audit comes in; the same goes out, each finding with the evidence that it rests on."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from kvqa_audit.model import AnswerRows, AuditRun, Finding
from kvqa_audit.model.frozen_evidence import FrozenEvidence, ImageEvidence, brief, brief_rows

Asked = tuple[str, str]
Rows = Mapping[Asked, tuple[tuple[str, str], ...]]


def _as_it_stands(_: str, answer: str) -> str:
    return answer


def with_frozen_evidence(
    run: AuditRun, question_of: Callable[[str], str] = str, meaning_of: Callable[[str, str], str] = _as_it_stands
) -> AuditRun:
    """The audit with each finding's evidence: what a decision freezes, and what a later audit holds against it.

    Args:
        run: the audit, its fingerprints and rows.
        question_of: the question of the catalogue that a cell asks, so that a finding about a question is found in
            rows that spell it otherwise.
        meaning_of: question and answer as they stand in a row → what the answer means, whatever its order and spelling:
            who corrects these does not change what was decided on.
    """
    asked = lru_cache(maxsize=100_000)(lambda text: _folded(question_of(text)))
    digests = {image.img_id: image.sha256 for image in run.fingerprints}
    rows = _rows_asked(run.findings, run.rows, asked, lru_cache(maxsize=100_000)(meaning_of))
    bounds = (run.description or {}).get("bounds") or {}
    judged_by = {code: brief(doc.judged_by) for code, doc in run.docs.items()}

    def frozen(finding: Finding) -> Finding:
        evidence = evidence_of(
            finding, digests, rows, asked, judged_by.get(finding.check, ""), bounds.get(finding.check)
        )
        return replace(finding, frozen_evidence=evidence)

    return replace(run, findings=tuple(map(frozen, run.findings)))


def evidence_of(
    finding: Finding,
    digests: Mapping[str, str | None],
    rows: Rows,
    asked: Callable[[str], str],
    judged_by: str,
    bound: float | None,
) -> FrozenEvidence:
    """What one finding rests on.

    Args:
        finding: the finding.
        digests: image id → SHA-256 of its file, None where it could not be read; images that are none are left out.
        rows: (image, question as `asked` gives it) → the rows about them, as (source, answer).
        asked: the question that a cell asks.
        judged_by: the version of its check, or its rule in words.
        bound: the limit that the description sets for the check; the one that the finding itself names goes first.
    """
    own = None if finding.img_id is None else finding.img_id.strip()
    read = finding.evidence.get("answers")
    images = []
    for img_id in sorted({*([own] if own else []), *(one for one in finding.related if one in digests)}):
        about: tuple[tuple[str, str], ...] = ()
        if finding.question is not None:
            about = rows.get((img_id, asked(finding.question)), ())
        elif isinstance(read, Mapping) and img_id == own:
            about = brief_rows([(str(name), str(value)) for name, value in read.items() if value is not None])
        images.append(ImageEvidence(brief(img_id), digests.get(img_id), about))
    return FrozenEvidence(tuple(images), judged_by, _threshold(finding.evidence, bound))


def _rows_asked(
    findings: Iterable[Finding],
    rows: AnswerRows | None,
    asked: Callable[[str], str],
    meaning_of: Callable[[str, str], str],
) -> Rows:
    """The rows that findings with a question are about; the others are not held."""
    wanted: defaultdict[str, set[str]] = defaultdict(set)
    for finding in findings:
        if finding.question is not None:
            for img_id in ((finding.img_id or "").strip(), *finding.related):
                wanted[img_id].add(asked(finding.question))
    found: defaultdict[Asked, list[tuple[str, str]]] = defaultdict(list)
    if wanted and rows is not None:
        for source, question, answer, img_id in rows:
            questions = wanted.get(img_id.strip())
            if questions is not None and (name := asked(question)) in questions:
                found[img_id.strip(), name].append((source, meaning_of(question, answer)))
    return {about: brief_rows(told) for about, told in found.items()}


def _threshold(evidence: Mapping[str, Any], bound: float | None) -> float | None:
    named = evidence.get("threshold", bound)
    if not isinstance(named, int | float) or not math.isfinite(named):
        return None
    return float(named)


def _folded(question: str) -> str:
    return " ".join(question.split()).casefold()
