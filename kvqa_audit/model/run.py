"""A finished audit: everything the report and the files are made of."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from kvqa_audit.model.check import CheckDoc, CheckOutcome, OutcomeStatus
from kvqa_audit.model.finding import Finding, Severity
from kvqa_audit.model.image import DuplicatePair, ImageFingerprint
from kvqa_audit.model.metrics import Metrics

SCHEMA_VERSION = 1


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
    metrics: Metrics
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
