"""A finished audit: everything the report and the files are made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kvqa_audit.model.check import CheckDoc, CheckOutcome
from kvqa_audit.model.finding import Finding
from kvqa_audit.model.image import DuplicatePair, ImageFingerprint
from kvqa_audit.model.metrics import Metrics
from kvqa_audit.model.notebook import notebook_view
from kvqa_audit.model.verdict import VerdictRecord

SCHEMA_VERSION = 2


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
    """Which dataset was audited; `digest` is a hash of the table's cells and the images' bytes.

    `reader` says on one line what was read and how; `tables` are the files of the table, below the source's folder.
    Both are empty in audits of earlier versions.
    """

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
    reader: str = ""
    tables: tuple[str, ...] = ()


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

    `description` is the dataset's description that it was made by, as plain data. It, `rows` and `verdict` are None
    where the audit was read from a folder of an earlier version, which did not keep them.
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
    metrics: Metrics
    stages: tuple[Stage, ...]
    exit_code: int
    rows: AnswerRows | None = None
    verdict: VerdictRecord | None = None
    description: Mapping[str, Any] | None = None

    def _repr_html_(self) -> str:
        """What a notebook shows: the verdict, what blocks, and the pictures of the first findings."""
        return notebook_view(self)
