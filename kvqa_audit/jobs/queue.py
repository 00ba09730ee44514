"""Audits that somebody wants come in, each once; they wait for a worker, and can be seen and cancelled."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from kvqa_audit.errors import ConflictError, NotThereError
from kvqa_audit.jobs.job_rows import changed, ended, job_row, job_rows
from kvqa_audit.jobs.job_store import JobStore
from kvqa_audit.store.cells import fetched, kept_text
from kvqa_audit.store.job_records import Cause, Job, JobState
from kvqa_audit.store.job_tables import DATASETS, JOBS
from kvqa_audit.store.records import StoredRun
from kvqa_audit.store.run_rows import lines_of, lines_where
from kvqa_audit.store.tables import RUNS

_LAST = 2**31 - 1
_LATEST, _LATEST_RUNS = (
    columns.where(JOBS.c.dataset == bindparam("dataset"), JOBS.c.id < bindparam("before"))
    .order_by(JOBS.c.id.desc())
    .limit(bindparam("limit"))
    for columns in (select(JOBS), select(JOBS.c.run))
)
_THEIR_RUNS = lines_where(RUNS.c.id.in_(_LATEST_RUNS))


def start_job(
    store: JobStore,
    dataset: int,
    cause: Cause = Cause.MANUAL,
    *,
    asked_by: str | None = None,
    idempotency_key: str | None = None,
) -> Job:
    """Queues an audit of a dataset now; the same key gives the same job again.

    Raises:
        NotThereError: there is no such dataset.
        ConflictError: the key was used for another dataset.
    """
    with store.writing() as connection:
        try:
            with connection.begin_nested():
                about = {"asked_by": kept_text(asked_by), "idempotency_key": idempotency_key}
                return queue_job(connection, dataset, cause, store.clock(connection), **about)
        except IntegrityError:
            (known,) = job_rows(connection, JOBS.c.idempotency_key == idempotency_key)
    if known.dataset != dataset:
        raise ConflictError(f"the key '{idempotency_key}' was used for another dataset; take a new one")
    return known


def queue_job(connection: Connection, dataset: int, cause: Cause, now: datetime, **about: Any) -> Job:
    """Queues an audit of a dataset with the limits that the dataset has now.

    Raises:
        NotThereError: there is no such dataset.
    """
    limits = ("max_attempts", "time_limit_s", "memory_limit_mb")
    found = fetched(connection, select(*(DATASETS.c[name] for name in limits)).where(DATASETS.c.id == dataset))
    if not found:
        raise NotThereError(f"there is no dataset {dataset} here")
    waits = {"state": JobState.QUEUED, "queued_at": now, "not_before": now, "cancel_asked": False, "watch": False}
    values = {"dataset": dataset, "cause": cause, **waits, "attempts": 0, "fence": 0, "last_event": 0, **found[0]}
    number = connection.execute(insert(JOBS).values({**values, **about}).returning(JOBS.c.id)).scalar_one()
    (queued,) = changed(connection, JOBS.c.id == number, now, {})
    return queued


def job(store: JobStore, number: int) -> Job:
    """
    Raises:
        NotThereError: there is none with this id.
    """
    with store.reading() as connection:
        return job_row(connection, number)


def jobs(
    store: JobStore, *, dataset: int | None = None, state: JobState | None = None, before: int | None = None,
    limit: int = 50,
) -> tuple[Job, ...]:  # fmt: skip
    """The jobs, latest first, the next ones before the job with this id."""
    wanted = [
        *([] if dataset is None else [JOBS.c.dataset == dataset]),
        *([] if state is None else [JOBS.c.state == state]),
        *([] if before is None else [JOBS.c.id < before]),
    ]
    with store.reading() as connection:
        return job_rows(connection, *wanted, limit=limit)


def history(
    store: JobStore, dataset: int, *, before: int | None = None, limit: int = 50
) -> tuple[tuple[Job, StoredRun | None], ...]:
    """The jobs of a dataset, latest first, each with the run of its last attempt if its work has begun."""
    given = {"dataset": dataset, "before": _LAST if before is None else before, "limit": limit}
    with store.reading() as connection:
        found = [Job(**row) for row in fetched(connection, _LATEST, **given)]
        runs = {run.id: run for run in lines_of(connection, _THEIR_RUNS, **given)}
    return tuple((one, runs.get(one.run or "")) for one in found)


def cancel(store: JobStore, number: int, asked_by: str | None = None) -> Job:
    """Ends a job that waits, and asks the worker of one that works to end it.

    Raises:
        NotThereError: there is no such job.
        ConflictError: it is over.
    """
    reason = "cancelled" + (f" by {kept_text(asked_by)}" if asked_by else "")
    with store.writing() as connection:
        connection.execute(select(JOBS.c.id).where(JOBS.c.id == number).with_for_update())
        known, now = job_row(connection, number), store.clock(connection)
        if known.state.is_over:
            raise ConflictError(f"job {number} is {known.state} already; nothing was changed")
        if known.state is JobState.QUEUED:
            return ended(connection, known, now, JobState.CANCELLED, reason)
        connection.execute(update(JOBS).where(JOBS.c.id == number).values(cancel_asked=True, reason=reason))
        return job_row(connection, number)
