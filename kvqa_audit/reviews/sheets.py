"""A finished audit comes in; a sheet for each thing to decide about goes out: all that a person needs to decide it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kvqa_audit.model import AuditRun, CheckDoc, Finding, FindingStatus, evidence_changes
from kvqa_audit.release.standing import judge_audit
from kvqa_audit.report.cards import Card
from kvqa_audit.report.deciding import targets
from kvqa_audit.report.outlines import share_or_none
from kvqa_audit.report.view import every_finding
from kvqa_audit.spec.dataset_spec import DatasetSpec

ROWS_BESIDE = 2
MAX_USUAL_ANSWERS = 40
ABOUT = ("key", "check", "img_id", "question", "answer")


@dataclass(frozen=True, slots=True)
class Sheet:
    """One thing to decide about.

    Attributes:
        check: the code of the check that it is shown under.
        first: its first finding of that check, whose key it is known by.
        findings: all that one decision settles.
        source: of its first picture, "" where there is none.
        uncertainty: 0 to 1, how unsure the check itself is; None where it does not say.
        blocks: whether it keeps the version back.
        body: JSON values, what a person is shown.
    """

    check: str
    first: Finding
    findings: tuple[Finding, ...]
    source: str
    uncertainty: float | None
    blocks: bool
    body: Mapping[str, Any]


def sheets_of(run: AuditRun, spec: DatasetSpec, wanted: Collection[str]) -> Iterator[Sheet]:
    """The sheets of an audit, those of a group of pictures once.

    Args:
        run: the audit.
        spec: its description, for the questions' texts and vocabularies.
        wanted: the keys of the findings that are still to be decided.
    """
    blocking = judge_audit(run, spec).blocking
    keys = frozenset(finding.key for finding in blocking)
    desk = _Desk(run, spec)
    for block in every_finding(run, blocking, spec):
        for card in block.cards:
            found = tuple(f for f in card.findings if f.status is FindingStatus.OPEN and f.key in wanted)
            if found:
                code = block.outcome.code
                first = next((one for one in found if one.check == code), found[0])
                blocks = any(finding.key in keys for finding in found)
                source = desk.sources.get(card.image_ids[0], "") if card.image_ids else ""
                body = {"check": code, **desk.body(card, first, found, block.doc)}
                yield Sheet(code, first, found, source, _uncertainty(first), blocks, body)


def about(finding: Finding) -> dict[str, Any]:
    """What a decision names of a finding, with the evidence that it rests on, as JSON values."""
    evidence = None if finding.frozen_evidence is None else finding.frozen_evidence.as_json()
    return {**{name: getattr(finding, name) for name in ABOUT}, "related": list(finding.related), "evidence": evidence}


def _changes(finding: Finding) -> list[str]:
    """What was decided about a finding on other evidence, and what is other today, in words."""
    decided, now = finding.decision, finding.frozen_evidence
    if decided is None or decided.decided_on is None or now is None:
        return []
    said = f"{decided.verdict} by {decided.decided_by} on {decided.decided_at}: {decided.reason}"
    return [said, *(str(change) for change in evidence_changes(decided.decided_on, now))]


def _uncertainty(finding: Finding) -> float | None:
    for name in ("confidence", "probability"):
        sure = share_or_none(finding.evidence.get(name))
        if sure is not None:
            return 1 - abs(2 * sure - 1)
    return None


class _Desk:
    """Lays out what lies in the audit beside a card."""

    def __init__(self, run: AuditRun, spec: DatasetSpec) -> None:
        self._run, self._spec = run, spec
        self.sources: Mapping[str, str] = run.metrics.get("sources") or {}
        usual: dict[str, Counter[str]] = defaultdict(Counter)
        for _, question, answer, _ in run.rows or ():
            if answer:
                usual[question][answer] += 1
        self._usual = usual

    def body(self, card: Card, first: Finding, findings: tuple[Finding, ...], doc: CheckDoc) -> dict[str, Any]:
        return {
            "title": doc.title,
            "why": doc.why,
            "severity": first.severity.value,
            "ask": card.ask,
            "reasons": list(card.reasons),
            "advice": card.advice,
            "question": first.question,
            "answer": first.answer,
            "suggestion": first.suggestion,
            "score": first.score,
            "pictures": [{"id": one, "source": self.sources.get(one, "")} for one in card.image_ids],
            "pairs": [] if card.group is None else [list(pair) for pair in card.group.laid],
            "outlines": [[one.x, one.y, one.width, one.height] for one in card.outlines],
            "findings": [{"check": one.check, "message": one.message, "key": one.key} for one in findings],
            "changes": [words for one in findings for words in _changes(one)],
            "neighbours": self._neighbours(first),
            "targets": [self._target(*one) for one in targets(card)],
            **_answers(card),
        }

    def _neighbours(self, finding: Finding) -> list[dict[str, Any]]:
        """The rows around the one that a finding is about; `row` counts from 1."""
        rows, at = self._run.rows, finding.row
        if rows is None or at is None or not 0 <= at < len(rows):
            return []
        beside = range(max(0, at - ROWS_BESIDE), min(len(rows), at + ROWS_BESIDE + 1))
        names = ("img_id", "source", "question", "answer")
        return [{"row": n + 1, "here": n == at, **{name: getattr(rows, name)[n] for name in names}} for n in beside]

    def _target(self, img_id: str, question: str, answer: str) -> dict[str, Any]:
        """An answer that may be corrected, and what may stand there: `is_closed` where nothing else may."""
        told = {"img_id": img_id, "question": question, "answer": answer}
        known = self._spec.question_of(question)
        vocabulary = None if known is None else self._spec.vocabulary_of(known)
        if known is not None and vocabulary is not None:
            separator = known.separator if known.is_multi_valued else None
            return {**told, "choices": list(vocabulary.answers), "is_closed": True, "separator": separator}
        is_number = known is not None and known.type == "numerical count"
        usual = [] if is_number else [one for one, _ in self._usual[question].most_common(MAX_USUAL_ANSWERS)]
        return {**told, "choices": usual, "is_closed": False, "separator": None, "is_number": is_number}


def _answers(card: Card) -> dict[str, Any]:
    """What is in doubt, what differs between the pictures, and all other answers."""
    if card.group is None:
        names = ("question", "answer", "expected", "probability", "expected_probability")
        doubts = [{name: getattr(one, name) for name in names} for one in card.doubts]
        others = [{"question": question, "answers": [answer]} for question, answer in card.other_answers]
        return {"doubts": doubts, "differs": [], "answers": others, "more_answers": card.more_answers}
    differs = [
        {"question": one.question, "answers": list(one.answers), "message": one.message} for one in card.group.conflicts
    ]
    others = [{"question": question, "answers": list(answers)} for question, answers in card.group_answers]
    return {"doubts": [], "differs": differs, "answers": others, "more_answers": card.more_answers}
