"""What a run store tells: one line a run, and what became of each finding."""

from __future__ import annotations

from dataclasses import dataclass

from kvqa_audit.model import AuditRun

VERDICTS = {0: "ready", 1: "not ready", 3: "incomplete"}
SUBSET = " (subset)"


@dataclass(frozen=True, slots=True)
class StoredRun:
    """One run of a series, the runs over the versions of one dataset.

    `number` counts the runs of the series from 1, in the order in which they were saved. `errors`, `warnings` and
    `notices` (severity info) count open findings, `waived` those that somebody decided about. `new`, `resolved` and
    `still_open` are against what the series knew before; None in its first run.
    """

    id: str
    series: str
    number: int
    dataset: str
    digest: str
    location: str
    revision: str | None
    rows: int
    images: int
    started_at: str
    finished_at: str
    version: str
    exit_code: int
    verdict: str
    errors: int
    warnings: int
    notices: int
    waived: int
    new: int | None
    resolved: int | None
    still_open: int | None


@dataclass(frozen=True, slots=True)
class FindingState:
    """One finding over the runs of a series; `resolved_run` and `resolved_at` are None while it is there.

    A finding that came back keeps when it was first seen.
    """

    key: str
    check: str
    severity: str
    status: str
    img_id: str | None
    question: str | None
    answer: str | None
    related: tuple[str, ...]
    message: str
    first_run: str
    first_seen: str
    last_run: str
    last_seen: str
    resolved_run: str | None
    resolved_at: str | None


def series_of(run: AuditRun) -> str:
    """The series that a run belongs to."""
    return series_named(run.dataset.name, subset=bool(run.metrics.get("subset")))


def series_named(dataset: str, *, subset: bool) -> str:
    """The series of a dataset: its name; runs over parts of it are a series of their own."""
    return dataset + (SUBSET if subset else "")
