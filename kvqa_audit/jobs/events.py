"""What happens in a job comes in from the worker that holds it; its events go out in their order, once each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete, insert, select, update

from kvqa_audit.errors import FenceError
from kvqa_audit.jobs.job_store import JobStore
from kvqa_audit.store.cells import fetched
from kvqa_audit.store.job_records import Event, EventKind, JobState
from kvqa_audit.store.job_tables import EVENTS, JOBS

Told = tuple[EventKind, Mapping[str, Any]]


def append_events(store: JobStore, job: int, fence: int, told: Sequence[Told]) -> None:
    """Keeps what happened in a job; of its counts only the last one is kept.

    Raises:
        FenceError: the job was taken from this worker; nothing was written.
    """
    if told:
        with store.writing() as connection:
            held = (JOBS.c.id == job, JOBS.c.fence == fence, JOBS.c.state == JobState.RUNNING)
            grown = update(JOBS).where(*held).values(last_event=JOBS.c.last_event + len(told))
            last = connection.execute(grown.returning(JOBS.c.last_event)).scalar()
            if last is None:
                raise FenceError(f"job {job} was taken from this worker; its events were not written")
            if any(kind is EventKind.COUNT for kind, _ in told):
                connection.execute(delete(EVENTS).where(EVENTS.c.job == job, EVENTS.c.kind == EventKind.COUNT))
            at = store.clock(connection)
            rows = [
                {"job": job, "position": last - len(told) + number, "at": at, "kind": kind, "body": dict(body)}
                for number, (kind, body) in enumerate(told, 1)
            ]
            connection.execute(insert(EVENTS), rows)


def events_after(store: JobStore, job: int, position: int = 0, limit: int = 500) -> tuple[Event, ...]:
    """The next events of a job behind a position, in their order."""
    c = EVENTS.c
    wanted = select(EVENTS).where(c.job == job, c.position > position).order_by(c.position).limit(limit)
    with store.reading() as connection:
        return tuple(Event(**row) for row in fetched(connection, wanted))
