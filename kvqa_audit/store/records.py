"""What a run store tells: one line a run, the findings of a run, and what became of each finding."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from kvqa_audit.model import AuditRun, Finding, FindingStatus, Severity

VERDICTS = {0: "ready", 1: "not ready", 3: "incomplete"}
SUBSET = " (subset)"
DEFAULT_PROJECT = "default"


class RunState(StrEnum):
    """How far a run has come. A lost one was running when nobody heard of it any more; it may be begun again."""

    QUEUED = "queued"
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class RunStart:
    """What is known of a run before its work; `dataset` is the name in its description, `revision` that of a Hub id."""

    id: str
    dataset: str
    location: str
    revision: str | None = None
    subset: bool = False
    project: str = DEFAULT_PROJECT

    @property
    def series(self) -> str:
        return series_named(self.dataset, subset=self.subset)


@dataclass(frozen=True, slots=True)
class StoredRun:
    """One run of a series, the runs of a project over the versions of one dataset; all times are in UTC.

    `finished_at` is when it ended, however it did; `reason` says why it failed. What follows is None until it is
    finished. `number` counts the finished runs of the series from 1, in the order in which they were saved. `findings`
    counts all that can be paged; it is None for a run of an earlier version whose files were not kept. `errors`,
    `warnings` and `notices` (severity info) count open findings, `waived` those that somebody decided about. `new`,
    `resolved` and `still_open` are against what the series knew before; None in its first run.
    """

    id: str
    project: str
    series: str
    state: RunState
    reason: str | None
    dataset: str
    location: str
    revision: str | None
    queued_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    number: int | None
    digest: str | None
    rows: int | None
    images: int | None
    version: str | None
    exit_code: int | None
    verdict: str | None
    findings: int | None
    errors: int | None
    warnings: int | None
    notices: int | None
    waived: int | None
    new: int | None
    resolved: int | None
    still_open: int | None


@dataclass(frozen=True, slots=True)
class StoredFinding:
    """A finding at its 0-based place among those of its run; `group` is that of its duplicates, None outside of any."""

    position: int
    group: str | None
    finding: Finding


class Standing(StrEnum):
    """What people call a finding over the runs of a series, by the last run that judged its check.

    A regressed one was fixed and is back; an accepted one is there, and somebody decided that it may be.
    """

    NEW = "new"
    KNOWN = "known"
    REGRESSED = "regressed"
    ACCEPTED = "accepted"
    FIXED = "fixed"


@dataclass(frozen=True, slots=True)
class FindingState:
    """One finding over the runs of a series; `resolved_run` and `resolved_at` are None while it is there.

    A finding that came back keeps when it was first seen; `returned_run` is the run that saw it again, None unless it
    was resolved before and is there. `accepted_until` is the last day of the decision that waives it, None without one.
    """

    key: str
    check: str
    severity: Severity
    status: FindingStatus
    img_id: str | None
    question: str | None
    answer: str | None
    related: tuple[str, ...]
    message: str
    first_run: str
    first_seen: datetime
    last_run: str
    last_seen: datetime
    resolved_run: str | None
    resolved_at: datetime | None
    returned_run: str | None = None
    accepted_until: date | None = None

    @property
    def standing(self) -> Standing:
        if self.resolved_run is not None:
            return Standing.FIXED
        if self.status is FindingStatus.WAIVED:
            return Standing.ACCEPTED
        if self.returned_run is not None:
            return Standing.REGRESSED
        return Standing.NEW if self.first_run == self.last_run else Standing.KNOWN


def start_of(run: AuditRun, project: str) -> RunStart:
    """What would have been known of a finished audit before its work."""
    facts, subset = run.dataset, bool(run.metrics.get("subset"))
    return RunStart(run.run_id, facts.name, facts.location, facts.revision, subset, project)


def series_named(dataset: str, *, subset: bool) -> str:
    """The series of a dataset: its name; runs over parts of it are a series of their own."""
    return dataset + (SUBSET if subset else "")
