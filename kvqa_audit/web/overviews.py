"""The ids of datasets come in; what lists tell of their jobs, their finished runs and their next slots goes out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, func, select

from kvqa_audit.store.cells import fetched
from kvqa_audit.store.job_records import Cause, JobState
from kvqa_audit.store.job_tables import DATASETS, JOBS, SCHEDULES
from kvqa_audit.store.tables import RUNS

TREND = 12


@dataclass(frozen=True, slots=True)
class TrendRun:
    """One finished run in few numbers; `audit` is the id of its job."""

    audit: int
    verdict: str | None
    finished_at: datetime | None
    errors: int
    warnings: int
    notices: int
    new: int | None
    resolved: int | None

    @property
    def open(self) -> int:
        return self.errors + self.warnings + self.notices


@dataclass(frozen=True, slots=True)
class LastJob:
    """The job of a dataset that was asked for last."""

    id: int
    state: JobState
    queued_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One job of a dataset; `run` is what its run came to, None where it has not finished."""

    id: int
    state: JobState
    reason: str | None
    cause: Cause
    asked_by: str | None
    queued_at: datetime
    finished_at: datetime | None
    run: TrendRun | None


@dataclass(frozen=True, slots=True)
class Overview:
    """What a list tells of a dataset: its last job, its last finished runs (oldest first), and its next slot."""

    last_job: LastJob | None = None
    trend: tuple[TrendRun, ...] = ()
    next_slot: datetime | None = None

    @property
    def last_run(self) -> TrendRun | None:
        return self.trend[-1] if self.trend else None


_OF_RUN = tuple(name for name in TrendRun.__dataclass_fields__ if name != "audit")
_ITS_JOBS = JOBS.c.dataset == DATASETS.c.id
_DONE = JOBS.c.state == JobState.DONE
_NAMED = DATASETS.c.id.in_(bindparam("numbers", expanding=True))
# An index gives the oldest job that is told of each dataset, so that the jobs before it are not looked at.
_TOLD = (
    select(
        DATASETS.c.id.label("dataset"),
        select(JOBS.c.id)
        .where(_ITS_JOBS, _DONE)
        .order_by(JOBS.c.id.desc())
        .limit(1)
        .offset(bindparam("before"))
        .scalar_subquery()
        .label("oldest"),
    )
    .where(_NAMED)
    .cte("told")
    .prefix_with("MATERIALIZED")
)
# Its many rows are read as they are: only numbers and words come out of it.
_TRENDS = (
    select(_TOLD.c.dataset, JOBS.c.id, *(RUNS.c[name] for name in _OF_RUN))
    .join_from(
        _TOLD, JOBS, (JOBS.c.dataset == _TOLD.c.dataset) & _DONE & (JOBS.c.id >= func.coalesce(_TOLD.c.oldest, 0))
    )
    .join(RUNS, RUNS.c.id == JOBS.c.run)
    .order_by(JOBS.c.id)
)
_SLOTS = select(func.min(SCHEDULES.c.next_slot)).where(
    SCHEDULES.c.dataset == DATASETS.c.id, SCHEDULES.c.paused.is_(False)
)
_LAST = JOBS.alias("last")
_STANDING = (
    select(DATASETS.c.id, _SLOTS.scalar_subquery(), *(_LAST.c[name] for name in LastJob.__dataclass_fields__))
    .outerjoin_from(DATASETS, _LAST, _LAST.c.id == select(func.max(JOBS.c.id)).where(_ITS_JOBS).scalar_subquery())
    .where(_NAMED)
)
_LATEST = 2**31 - 1
_HISTORY = (
    select(
        *(JOBS.c[name] for name in HistoryLine.__dataclass_fields__ if name != "run"),
        RUNS.c.number,
        *(RUNS.c[name].label(f"run_{name}") for name in _OF_RUN),
    )
    .outerjoin_from(JOBS, RUNS, RUNS.c.id == JOBS.c.run)
    .where(JOBS.c.dataset == bindparam("dataset"), JOBS.c.id < bindparam("before"))
    .order_by(JOBS.c.id.desc())
    .limit(bindparam("limit"))
)


def trends(connection: Connection, numbers: Sequence[int], runs: int = TREND) -> dict[int, tuple[TrendRun, ...]]:
    """The last finished runs of the datasets with these ids, oldest first, in one query however many there are."""
    found: dict[int, list[TrendRun]] = {number: [] for number in numbers}
    for row in connection.execute(_TRENDS, {"numbers": numbers, "before": runs - 1}).all():
        found[row[0]].append(TrendRun(*row[1:]))
    return {number: tuple(its) for number, its in found.items()}


def overviews(connection: Connection, numbers: Sequence[int], runs: int = TREND) -> dict[int, Overview]:
    """What a list tells of the datasets with these ids, in two queries."""
    found = trends(connection, numbers, runs)
    return {
        row[0]: Overview(None if row[2] is None else LastJob(*row[2:]), found[row[0]], row[1])
        for row in connection.execute(_STANDING, {"numbers": numbers}).all()
    }


def history(connection: Connection, dataset: int, *, before: int | None, limit: int) -> tuple[HistoryLine, ...]:
    """The jobs of a dataset, latest first, the next ones before the job with this id, with what their runs came to."""
    given = {"dataset": dataset, "before": _LATEST if before is None else before, "limit": limit}
    return tuple(_line(row) for row in fetched(connection, _HISTORY, **given))


def _line(row: dict[str, Any]) -> HistoryLine:
    # Only a finished run has a number.
    number, of_run = row.pop("number"), [row.pop(f"run_{name}") for name in _OF_RUN]
    return HistoryLine(**row, run=None if number is None else TrendRun(row["id"], *of_run))
