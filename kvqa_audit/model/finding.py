"""One defect of a dataset, with its evidence and the key that survives the next run."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import Any

from kvqa_audit.model.frozen_evidence import EvidenceChange, FrozenEvidence, evidence_changes


class Severity(StrEnum):
    """How much a finding matters, lowest first."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"

    @property
    def rank(self) -> int:
        return _RANKS[self]


_RANKS = {severity: rank for rank, severity in enumerate(Severity)}


class FindingStatus(StrEnum):
    """Whether somebody has already decided about a finding."""

    OPEN = "open"
    WAIVED = "waived"


@dataclass(frozen=True, slots=True)
class FindingDecision:
    """What somebody decided about a finding: who, when, why, and until which day it holds; None is for ever.

    `decided_on` is the evidence that they had, where the finding rests on other evidence today; the decision holds no
    more then, and `Finding.evidence_changes` tells what is other.
    """

    verdict: str
    decided_by: str
    decided_at: date
    reason: str
    until: date | None = None
    decided_on: FrozenEvidence | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One defect, with its evidence.

    `row` is the 0-based row of the table, header not counted. `related` holds the other ids the finding is about;
    for a pair of images both ids stand in `related` and `img_id` is None. `score` is higher for more suspicious
    cases and None where nothing is ranked. `evidence` holds JSON values only. `decision` is the last one about it, in
    force or not; None where nobody decided. `frozen_evidence` is what the finding rests on, for a decision to freeze;
    None in audits of earlier versions.
    """

    check: str
    severity: Severity
    message: str
    img_id: str | None = None
    question: str | None = None
    answer: str | None = None
    row: int | None = None
    score: float | None = None
    related: tuple[str, ...] = ()
    evidence: Mapping[str, Any] = field(default_factory=dict)
    suggestion: str | None = None
    status: FindingStatus = FindingStatus.OPEN
    key: str = ""
    decision: FindingDecision | None = None
    frozen_evidence: FrozenEvidence | None = None

    @property
    def evidence_changes(self) -> tuple[EvidenceChange, ...]:
        """What is other than it was when somebody decided; nothing where the decision was made on what there is."""
        decided_on = None if self.decision is None else self.decision.decided_on
        if decided_on is None or self.frozen_evidence is None:
            return ()
        return tuple(evidence_changes(decided_on, self.frozen_evidence))


# One encoder for all: making one for each of many thousand findings takes most of the time.
_encoded = json.JSONEncoder(ensure_ascii=False).encode


def with_keys(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Gives every finding its key: a hash of the check and of what the finding is about, 16 hex digits.

    Neither row numbers nor time stamps go in, so that a review decision survives the next run. Findings about the
    very same thing (two equal rows, both with a blank) are told apart by their ordinal, by answer and not by row.
    """
    seen: Counter[str] = Counter()
    keyed = list(findings)
    for number in sorted(range(len(keyed)), key=lambda n: keyed[n].answer or ""):
        finding = keyed[number]
        about = [
            finding.check,
            finding.img_id,
            finding.question,
            " ".join(finding.answer.split()).casefold() if finding.answer is not None else None,
            sorted(finding.related),
        ]
        text = _encoded(about)
        ordinal = seen[text]
        seen[text] += 1
        if ordinal:
            text = f"{text}#{ordinal}"
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        keyed[number] = replace(finding, key=digest[:16])
    return tuple(keyed)
