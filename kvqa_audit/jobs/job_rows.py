"""The id of a job comes in; its row goes out, or a new state goes into it, told by an event in the same transaction."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from kvqa_audit.errors import NotThereError
from kvqa_audit.jobs.outbox import put_failure
from kvqa_audit.store.cells import fetched, kept_text
from kvqa_audit.store.job_records import EventKind, Job, JobState, SlotOutcome
from kvqa_audit.store.job_tables import EVENTS, JOBS, SLOTS
from kvqa_audit.store.records import RunState
from kvqa_audit.store.run_rows import settle_run

_RUN_STATES = {
    JobState.FAILED: RunState.FAILED,
    JobState.CANCELLED: RunState.CANCELLED,
    JobState.LOST: RunState.LOST,
}
_ONE = select(JOBS).where(JOBS.c.id == bindparam("number"))


def job_rows(connection: Connection, *wanted: Any, limit: int | None = None) -> tuple[Job, ...]:
    """The jobs that these conditions hold for, latest first."""
    rows = fetched(connection, select(JOBS).where(*wanted).order_by(JOBS.c.id.desc()).limit(limit))
    return tuple(Job(**row) for row in rows)


def job_row(connection: Connection, number: int) -> Job:
    """
    Raises:
        NotThereError: there is none with this id.
    """
    found = fetched(connection, _ONE, number=number)
    if not found:
        raise NotThereError(f"there is no job {number} here")
    return Job(**found[0])


def held_job(connection: Connection, number: int, fence: int) -> Job | None:
    """The job, which nobody takes away until the transaction ends; None where this fence holds it no more."""
    held = (JOBS.c.id == number, JOBS.c.fence == fence, JOBS.c.state == JobState.RUNNING)
    rows = fetched(connection, select(JOBS).where(*held).with_for_update())
    return Job(**rows[0]) if rows else None


def ended(connection: Connection, job: Job, now: datetime, state: JobState, reason: str | None, **about: Any) -> Job:
    """Ends a job, and with it a run or a slot that waits for it."""
    if state in _RUN_STATES:
        settle_run(connection, job.run, _RUN_STATES[state], reason, now)
    if state in (JobState.FAILED, JobState.LOST):
        put_failure(connection, job, reason or state, now)
    if state is JobState.SKIPPED:
        skipped = {"outcome": SlotOutcome.SKIPPED, "reason": kept_text(reason)}
        connection.execute(update(SLOTS).where(SLOTS.c.job == job.id).values(skipped))
    values = {"state": state, "reason": kept_text(reason), "finished_at": now, "lease_until": None, **about}
    (over,) = changed(connection, JOBS.c.id == job.id, now, values)
    return over


def changed(connection: Connection, which: Any, now: datetime, values: dict[str, Any]) -> list[Job]:
    """Writes these columns of the jobs that a condition holds for, and tells of their new state in an event each."""
    grown = update(JOBS).where(which).values({**values, "last_event": JOBS.c.last_event + 1}).returning(JOBS)
    jobs = [Job(**row) for row in connection.execute(grown).mappings()]
    for job in jobs:
        body = {"state": job.state, "reason": job.reason, "run": job.run, "attempt": job.attempts}
        told = {"job": job.id, "position": job.last_event, "at": now, "kind": EventKind.STATE, "body": body}
        connection.execute(insert(EVENTS), told)
    return jobs
