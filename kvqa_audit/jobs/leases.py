"""A worker comes in; it is given one job at a time, holds it by a lease, and ends it in one way.

It writes under the number it was given with the job, the fence. Where its lease is over the job is lost to it: the next
one that claims the job gets a higher number, and what the earlier one still writes is refused.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, exists, select, text, update
from sqlalchemy.exc import IntegrityError

from kvqa_audit.errors import FenceError, NewerStoreError
from kvqa_audit.jobs.job_rows import changed, ended, held_job, job_row
from kvqa_audit.jobs.job_store import JobStore
from kvqa_audit.store.database import VERSIONS
from kvqa_audit.store.job_records import Job, JobState
from kvqa_audit.store.job_tables import JOBS
from kvqa_audit.store.records import RunState
from kvqa_audit.store.run_rows import settle_run
from kvqa_audit.store.tables import RUNS

_AT_WORK = JOBS.alias("at_work")


def claim(store: JobStore, worker: str, lease_seconds: float) -> Job | None:
    """Gives the job that waits longest to a worker, with a new fence and a new run; None where none may begin.

    Raises:
        NewerStoreError: the store was brought to a newer version than this program knows.
    """
    # Who only looks does not wait for whoever writes to a file; a server makes nobody wait.
    if store.is_a_file and not _is_there_one(store):
        return None
    with store.writing() as connection:
        _make_sure_of_the_version(connection, store.name)
        now = store.clock(connection)
        begun: dict[str, Any] = {"state": JobState.RUNNING, "worker": worker, "run": uuid.uuid4().hex, "reason": None}
        begun |= {"started_at": now, "finished_at": None, "heartbeat_at": now, "watched": None}
        begun |= {"lease_until": now + timedelta(seconds=lease_seconds)}
        begun |= {"fence": JOBS.c.fence + 1, "attempts": JOBS.c.attempts + 1}
        mine = _next_job(now).with_for_update(skip_locked=True).scalar_subquery()
        try:
            with connection.begin_nested():
                return next(iter(changed(connection, JOBS.c.id == mine, now, begun)), None)
        except IntegrityError:
            # PostgreSQL lets two workers try two jobs of one dataset; its index refuses the later one.
            return None


def _is_there_one(store: JobStore) -> bool:
    with store.reading() as connection:
        _make_sure_of_the_version(connection, store.name)
        return connection.execute(_next_job(store.clock(connection))).first() is not None


def heartbeat(store: JobStore, number: int, fence: int, lease_seconds: float) -> Job:
    """Keeps the job for so much longer, and tells whether somebody wants it to end.

    Raises:
        FenceError: the job was taken from this worker.
    """
    with store.writing() as connection:
        _make_sure_it_is_held(connection, number, fence)
        now = store.clock(connection)  # it may have waited for the row
        lives = {"heartbeat_at": now, "lease_until": now + timedelta(seconds=lease_seconds)}
        connection.execute(update(JOBS).where(JOBS.c.id == number).values(lives))
        return job_row(connection, number)


def finish(
    store: JobStore,
    number: int,
    fence: int,
    state: JobState,
    reason: str | None = None,
    *,
    watched: str | None = None,
) -> Job:
    """Ends a job; its run ends with it if it has not. A job whose run was kept is done, whatever is said of it.

    Args:
        number, fence: the job, and the number under which it is held.
        state: how it ended.
        reason: why.
        watched: what was seen of the dataset before the audit.

    Raises:
        FenceError: the job was taken from this worker; nothing was written.
    """
    with store.writing() as connection:
        held, now = _make_sure_it_is_held(connection, number, fence), store.clock(connection)
        if state is not JobState.DONE and _is_kept(connection, held):
            state, reason = JobState.DONE, None
        return ended(connection, held, now, state, reason, watched=watched)


def try_again(store: JobStore, number: int, fence: int, reason: str, after_seconds: float) -> Job:
    """Lets a job that broke off wait for its next attempt, twice as long each time; after its last one it has failed.

    Raises:
        FenceError: the job was taken from this worker; nothing was written.
    """
    with store.writing() as connection:
        held, now = _make_sure_it_is_held(connection, number, fence), store.clock(connection)
        if held.attempts >= held.max_attempts and not _is_kept(connection, held):
            return ended(connection, held, now, JobState.FAILED, reason)
        later = timedelta(seconds=after_seconds * 2 ** (held.attempts - 1))
        return _waits(connection, held, now, RunState.FAILED, reason, not_before=now + later)


def give_back(store: JobStore, number: int, fence: int, reason: str) -> Job:
    """Lets another worker begin a job anew, as if this one had not.

    Raises:
        FenceError: the job was taken from this worker; nothing was written.
    """
    with store.writing() as connection:
        held, now = _make_sure_it_is_held(connection, number, fence), store.clock(connection)
        return _waits(connection, held, now, RunState.CANCELLED, reason, attempts=held.attempts - 1)


def reap(store: JobStore, own: int | None = None) -> tuple[Job, ...]:
    """Takes the jobs whose lease is over from their workers, and tells them; not the `own` one of who calls this.

    A job waits for its next attempt at once; it is done where its run was kept before its worker ended, and lost after
    its last attempt. A heartbeat from the future is that of a clock which went back since: its lease begins now.
    """
    over = (JOBS.c.state == JobState.RUNNING, *([] if own is None else [JOBS.c.id != own]))
    with store.reading() as connection:
        now = store.clock(connection)
        late = (JOBS.c.lease_until < now) | (JOBS.c.heartbeat_at > now)
        numbers = connection.execute(select(JOBS.c.id).where(*over, late)).scalars().all()
    reaped = []
    for number in numbers:
        with store.writing() as connection:
            now = store.clock(connection)
            mine = select(JOBS.c.id).where(JOBS.c.id == number, *over, late).with_for_update(skip_locked=True)
            if connection.execute(mine).first() is not None:
                reaped += _reaped(connection, job_row(connection, number), now)
    return tuple(reaped)


def _make_sure_it_is_held(connection: Connection, number: int, fence: int) -> Job:
    held = held_job(connection, number, fence)
    if held is None:
        raise FenceError(f"job {number} was taken from this worker; nothing was written")
    return held


def _make_sure_of_the_version(connection: Connection, name: str) -> None:
    version = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    if version != VERSIONS[-1]:
        raise NewerStoreError(
            f"{name}: was brought to store version {version} while this program, which knows up to {VERSIONS[-1]}, "
            "was running. Update kvqa-audit and start it again."
        )


def _next_job(now: datetime) -> Any:
    is_free = ~exists().where(_AT_WORK.c.dataset == JOBS.c.dataset, _AT_WORK.c.state == JobState.RUNNING)
    ready = (JOBS.c.state == JobState.QUEUED, JOBS.c.not_before <= now, is_free)
    return select(JOBS.c.id).where(*ready).order_by(JOBS.c.not_before, JOBS.c.id).limit(1)


def _reaped(connection: Connection, found: Job, now: datetime) -> list[Job]:
    lease, heard = found.lease_until, found.heartbeat_at
    if lease is not None and heard is not None and heard > now:
        lives = {"heartbeat_at": now, "lease_until": now + (lease - heard)}
        connection.execute(update(JOBS).where(JOBS.c.id == found.id).values(lives))
        return []
    connection.execute(update(JOBS).where(JOBS.c.id == found.id).values(fence=found.fence + 1))
    reason = f"lost: its worker {found.worker} was not heard of since {heard:%H:%M:%S} UTC"
    if found.attempts >= found.max_attempts and not found.cancel_asked and not _is_kept(connection, found):
        return [ended(connection, found, now, JobState.LOST, f"{reason}, in the last of its attempts")]
    return [_waits(connection, found, now, RunState.LOST, reason)]


def _is_kept(connection: Connection, held: Job) -> bool:
    """Whether the audit came to its end, though its process or its worker may have died right after."""
    finished = select(RUNS.c.id).where(RUNS.c.id == held.run, RUNS.c.state == RunState.FINISHED)
    return connection.execute(finished).first() is not None


def _waits(connection: Connection, held: Job, now: datetime, run: RunState, reason: str, **about: Any) -> Job:
    """Puts a job back into the queue; or ends it, where its run was kept, or somebody wanted its end."""
    if _is_kept(connection, held):
        return ended(connection, held, now, JobState.DONE, None)
    settle_run(connection, held.run, run, reason, now)
    if held.cancel_asked:
        return ended(connection, held, now, JobState.CANCELLED, held.reason)
    nobodys = {"worker": None, "started_at": None, "heartbeat_at": None, "lease_until": None}
    values = {"state": JobState.QUEUED, "reason": reason, "not_before": now, **nobodys, **about}
    (waits,) = changed(connection, JOBS.c.id == held.id, now, values)
    return waits
