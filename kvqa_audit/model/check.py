"""What came of a check, and what is known about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from kvqa_audit.model.finding import Severity


class OutcomeStatus(StrEnum):
    """What came of a check. Only `passed` is a pass."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    ERRORED = "errored"
    VACUOUS = "vacuous"


JUDGED = (OutcomeStatus.PASSED, OutcomeStatus.FAILED)


class Family(StrEnum):
    """What a check is about; the value is what people read, the order that of the digit in a check's code."""

    TABLE = "table"
    IMAGES = "files and images"
    DUPLICATES = "duplicates"
    ANSWERS = "answers"
    DISTRIBUTIONS = "distributions"
    RELEASE = "change and release"
    PRIVACY = "privacy and licence"
    OTHER = "other"

    @classmethod
    def of(cls, code: str) -> Family:
        """The family of a check's code; `OTHER` for what is none of this package's codes."""
        digit = code[2:3]
        return tuple(cls)[int(digit)] if code.startswith("KV") and digit in set("0123456") else cls.OTHER


@dataclass(frozen=True, slots=True)
class CheckOutcome:
    """What a check came to. A pass, too, keeps what was evaluated, the measured value and the threshold."""

    code: str
    name: str
    severity: Severity
    outcome: OutcomeStatus
    reason: str | None = None
    evaluated: int = 0
    violations: int = 0
    waived: int = 0
    measured: float | None = None
    threshold: float | None = None
    seconds: float = 0.0

    @property
    def family(self) -> Family:
        return Family.of(self.code)


class PairKind(StrEnum):
    """What a finding about two images says of them; one pair moves between checks as its tier is judged anew."""

    SAME_PICTURE = "same picture"
    ACROSS_SOURCES = "across sources"
    CONFLICTING_ANSWERS = "conflicting answers"


class Repair(StrEnum):
    """How a cell is corrected without a person; of several for one cell the last in this order says it all."""

    WHITESPACE = "whitespace"
    ODD_SPACES = "odd spaces"
    SPELLING_VARIANT = "spelling variant"
    QUESTION_SPELLING = "question spelling"
    ANSWER_SPELLING = "answer spelling"
    ANSWER_ORDER = "answer order"
    REPEATED_ROW = "repeated row"
    BY_HAND = "by hand"


@dataclass(frozen=True, slots=True)
class CheckDoc:
    """What is known about a check beside its outcome.

    `title`, `why` and `fix` are for people, `unit` is what it counts. `pair` says what its findings say of two
    images, `repair` how they are corrected; None where they are not about two images, or are not corrected.
    `judged_by` is the check's version, or its rule in words: where it is another, decisions about its findings have
    to be made again; "" where nobody told.
    """

    title: str
    why: str
    fix: str
    unit: str
    pair: PairKind | None = None
    repair: Repair | None = None
    judged_by: str = ""
