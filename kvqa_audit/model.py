"""The nouns of an audit: frozen records that go from stage to stage, and in the end to the report and the files."""

from __future__ import annotations

import hashlib
import html
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

SCHEMA_VERSION = 1


class Severity(StrEnum):
    """How much a finding matters, lowest first."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"

    @property
    def rank(self) -> int:
        return _RANKS[self]


_RANKS = {severity: rank for rank, severity in enumerate(Severity)}


class OutcomeStatus(StrEnum):
    """What came of a check. Only `passed` is a pass."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    ERRORED = "errored"
    VACUOUS = "vacuous"


JUDGED = (OutcomeStatus.PASSED, OutcomeStatus.FAILED)


class FindingStatus(StrEnum):
    """Whether somebody has already decided about a finding."""

    OPEN = "open"
    WAIVED = "waived"


@dataclass(frozen=True, slots=True)
class Finding:
    """One defect, with its evidence.

    `row` is the 0-based row of the table, header not counted. `related` holds the other ids the finding is about;
    for a pair of images both ids stand in `related` and `img_id` is None. `score` is higher for more suspicious
    cases and None where nothing is ranked. `evidence` holds JSON values only.
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


# One encoder for all: making one for each of many thousand findings takes most of the time.
_encoded = json.JSONEncoder(ensure_ascii=False).encode


def with_keys(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Gives every finding its key: a hash of the check and of what the finding is about, 16 hex digits.

    Neither row numbers nor time stamps go in, so that a review decision survives the next run. Findings about the
    very same thing (two equal rows, both with a blank) are told apart by their ordinal.
    """
    seen: Counter[str] = Counter()
    keyed = []
    for finding in findings:
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
        keyed.append(replace(finding, key=digest[:16]))
    return tuple(keyed)


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


class PairKind(StrEnum):
    """What a finding about two images says of them; one pair moves between checks as its tier is judged anew."""

    SAME_PICTURE = "same picture"
    ACROSS_SOURCES = "across sources"
    CONFLICTING_ANSWERS = "conflicting answers"


class Repair(StrEnum):
    """How a cell is corrected without a person; of several for one cell the last in this order says it all."""

    WHITESPACE = "whitespace"
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
    """

    title: str
    why: str
    fix: str
    unit: str
    pair: PairKind | None = None
    repair: Repair | None = None


@dataclass(frozen=True, slots=True)
class ImageFingerprint:
    """All that one read and one reduced decode tell about one image.

    `problem` is None for a sound image; otherwise it names the defect (`truncated`, `empty`, `not_an_image`, …) and
    `detail` says what the decoder said. `width` and `height` are in pixels. Hashes are lower-case hex. Quality
    metrics are computed on the reduced decode, so they compare within one `algorithm` version only.
    `thumbnail` is a square grey picture, row by row, one byte a pixel, or empty where nothing could be decoded.
    `embedded` names the kinds of metadata that the file carries (exif, gps, date, …), never their values.
    `pixel_digest` is over the reduced grey picture. `full_pixel_digest` is over every pixel as stored: equal ones are
    identical pixels. It is set only where another file of the same run has an equal `pixel_digest`, size and mode.
    """

    img_id: str
    path: str
    size_bytes: int
    sha256: str | None
    problem: str | None = None
    detail: str | None = None
    format: str | None = None
    mode: str | None = None
    frames: int | None = None
    width: int | None = None
    height: int | None = None
    pixel_digest: str | None = None
    full_pixel_digest: str | None = None
    phash64: str | None = None
    phash256: str | None = None
    brightness: float | None = None
    contrast: float | None = None
    sharpness: float | None = None
    entropy_bits: float | None = None
    dark_share: float | None = None
    bright_share: float | None = None
    decoder: str = ""
    algorithm: str = ""
    thumbnail: bytes = b""
    embedded: tuple[str, ...] = ()


class Tier(StrEnum):
    """How equal two pictures are, most equal first."""

    IDENTICAL_BYTES = "identical-bytes"
    IDENTICAL_PIXELS = "identical-pixels"
    RE_ENCODE = "re-encode"
    NEAR = "near"
    NEAR_FRAME = "near-frame"


@dataclass(frozen=True, slots=True)
class DuplicatePair:
    """Two images that were verified to show the same picture; `left` < `right`.

    `distance_bits` is the Hamming distance of the 256-bit hashes under the best transform; `similarity` is the
    verified agreement of the pixels, 0 to 1; `transform` is what aligns right with left.
    """

    left: str
    right: str
    tier: Tier
    distance_bits: int
    similarity: float
    transform: str
    group: str


@dataclass(frozen=True, slots=True)
class AnswerShare:
    """How often one answer was given to one question by one source; `share` is of that question's answered rows."""

    source: str
    question: str
    answer: str
    rows: int
    share: float


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of a run: how long it took and how many things it worked on."""

    name: str
    seconds: float
    items: int


@dataclass(frozen=True, slots=True)
class DatasetFacts:
    """Which dataset was audited; `digest` is a hash of the table's cells and the images' bytes."""

    name: str
    location: str
    digest: str
    rows: int
    images: int
    revision: str | None = None
    licence: str | None = None
    terms: str | None = None
    citation: str | None = None
    doi: str | None = None


@dataclass(frozen=True, slots=True)
class AnswerRows:
    """The rows of the audited table, in their order, as four columns of equal length; "" where a cell is empty."""

    source: tuple[str, ...]
    question: tuple[str, ...]
    answer: tuple[str, ...]
    img_id: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.img_id)

    def __iter__(self) -> Iterator[tuple[str, str, str, str]]:
        """Source, question, answer and img_id, row by row."""
        return zip(self.source, self.question, self.answer, self.img_id, strict=True)


@dataclass(frozen=True, slots=True)
class AuditRun:
    """A finished audit: everything the report and the files are made of.

    `rows` is None where the audit was read from a folder of an earlier version, which did not keep them.
    """

    run_id: str
    started_at: str
    finished_at: str
    tool: Mapping[str, str]
    dataset: DatasetFacts
    outcomes: tuple[CheckOutcome, ...]
    docs: Mapping[str, CheckDoc]
    findings: tuple[Finding, ...]
    pairs: tuple[DuplicatePair, ...]
    fingerprints: tuple[ImageFingerprint, ...]
    profile: tuple[AnswerShare, ...]
    metrics: Mapping[str, Any]
    stages: tuple[Stage, ...]
    exit_code: int
    rows: AnswerRows | None = None

    def _repr_html_(self) -> str:
        """What was audited and which checks failed, as a small table for a notebook; no verdict, and all escaped."""
        dataset = self.dataset
        facts = [("dataset", dataset.name), ("rows", f"{dataset.rows:,}"), ("images", f"{dataset.images:,}")]
        for severity in reversed(Severity):
            failed = [o for o in self.outcomes if o.outcome is OutcomeStatus.FAILED and o.severity is severity]
            named = ", ".join(f"{outcome.code} ({outcome.violations:,})" for outcome in failed)
            facts.append((f"failed checks, {severity}", f"{len(failed)}: {named}" if failed else "0"))
        unjudged = sum(o.outcome not in (OutcomeStatus.PASSED, OutcomeStatus.FAILED) for o in self.outcomes)
        facts.append(("checks not judged", f"{unjudged:,}"))
        facts.append(("findings", f"{len(self.findings):,}"))
        lines = "".join(f"<tr><th>{name}</th><td>{_escaped(value)}</td></tr>" for name, value in facts)
        return f"<table><caption>Audit {_escaped(self.run_id)}</caption><tbody>{lines}</tbody></table>"


def _escaped(text: str, limit: int = 2_000) -> str:
    cut = text if len(text) <= limit else f"{text[: limit - 1]}…"
    return html.escape(cut.encode("utf-8", "backslashreplace").decode())
