"""Schedules that are due come in; each of their slots becomes a job once, or is recorded as skipped with the reason."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects import postgresql, sqlite

from kvqa_audit.errors import SpecError
from kvqa_audit.jobs.cron import last_times, times_after
from kvqa_audit.jobs.job_store import JobStore
from kvqa_audit.jobs.queue import queue_job
from kvqa_audit.jobs.schedules import schedule_row
from kvqa_audit.store.cells import fetched
from kvqa_audit.store.job_records import CatchUp, Cause, JobState, Overlap, Schedule, Slot, SlotOutcome
from kvqa_audit.store.job_tables import JOBS, SCHEDULES, SLOTS

# After a long time without workers, so many slots are recorded one by one.
MAX_RECORDED = 100
# A slot that is later than this came while no worker ran.
MISSED_AFTER = timedelta(seconds=60)


def make_slots(store: JobStore) -> tuple[Slot, ...]:
    """Decides about every slot that has come and that nobody decided about; tells them, earliest first.

    Any number of workers may call it at once.
    """
    due = (
        select(SCHEDULES.c.id)
        .where(SCHEDULES.c.next_slot <= _now(store))
        .order_by(SCHEDULES.c.next_slot, SCHEDULES.c.id)
    )
    with store.reading() as connection:
        numbers = connection.execute(due).scalars().all()
    made: list[Slot] = []
    for number in numbers:
        with store.writing() as connection:
            mine = select(SCHEDULES.c.id).where(SCHEDULES.c.id == number).with_for_update(skip_locked=True)
            if connection.execute(mine).first() is None:
                continue
            schedule, now = schedule_row(connection, number), store.clock(connection)
            try:
                made += _make(connection, schedule, now)
            except SpecError as error:
                made += _given_up(connection, schedule, str(error))
    return tuple(made)


def slots(store: JobStore, schedule: int, *, before: datetime | None = None, limit: int = 50) -> tuple[Slot, ...]:
    """The slots of a schedule that somebody decided about, latest first, the next ones before a moment."""
    c = SLOTS.c
    wanted = select(SLOTS).where(c.schedule == schedule, *([] if before is None else [c.slot < before]))
    with store.reading() as connection:
        return tuple(Slot(**row) for row in fetched(connection, wanted.order_by(c.slot.desc()).limit(limit)))


def forget_future_slots(store: JobStore) -> None:
    """Lets schedules go by the clock again where it went back: a slot is due as it would be for a new schedule.

    A slot that was decided about before is not made again.
    """
    with store.writing() as connection:
        now = store.clock(connection)
        for row in fetched(connection, select(SCHEDULES).where(SCHEDULES.c.next_slot > now)):
            with suppress(SpecError):  # told when its slot has come
                times = times_after(row["cron"], row["time_zone"], now)
                if times and times[0] < row["next_slot"]:
                    connection.execute(update(SCHEDULES).where(SCHEDULES.c.id == row["id"]).values(next_slot=times[0]))


def _now(store: JobStore) -> datetime:
    with store.reading() as connection:
        return store.clock(connection)


def _make(connection: Connection, schedule: Schedule, now: datetime) -> list[Slot]:
    of, next_slot = schedule.settings, schedule.next_slot
    if next_slot is None or next_slot > now:
        return []
    moments = last_times(of.cron, of.time_zone, next_slot, now, MAX_RECORDED)
    made = []
    for moment in moments:
        if _is_new(connection, schedule.id, moment):
            slot = _decided(connection, schedule, moment, moments, now)
            values = {"outcome": slot.outcome, "reason": slot.reason, "job": slot.job}
            its = (SLOTS.c.schedule == schedule.id, SLOTS.c.slot == moment)
            connection.execute(update(SLOTS).where(*its).values(values))
            made.append(slot)
    following = times_after(of.cron, of.time_zone, now)
    goes_on = {"next_slot": following[0] if following else None}
    connection.execute(update(SCHEDULES).where(SCHEDULES.c.id == schedule.id).values(goes_on))
    return made


def _given_up(connection: Connection, schedule: Schedule, reason: str) -> list[Slot]:
    """Ends a schedule that cannot be read any more, as where a time zone has left the machine's database."""
    ended = update(SCHEDULES).where(SCHEDULES.c.id == schedule.id).values(next_slot=None)
    connection.execute(ended)
    if schedule.next_slot is None or not _is_new(connection, schedule.id, schedule.next_slot):
        return []
    its = (SLOTS.c.schedule == schedule.id, SLOTS.c.slot == schedule.next_slot)
    connection.execute(update(SLOTS).where(*its).values(reason=reason))
    return [Slot(schedule.id, schedule.next_slot, SlotOutcome.SKIPPED, reason, None)]


def _is_new(connection: Connection, schedule: int, moment: datetime) -> bool:
    """Whether this is the first who decides about the slot."""
    insert: Any = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert
    row = {"schedule": schedule, "slot": moment, "outcome": SlotOutcome.SKIPPED}
    # The count of rows is not told by every driver.
    first = insert(SLOTS).values(row).on_conflict_do_nothing().returning(SLOTS.c.slot)
    return connection.execute(first).first() is not None


def _decided(
    connection: Connection, schedule: Schedule, moment: datetime, moments: tuple[datetime, ...], now: datetime
) -> Slot:
    of, last = schedule.settings, moments[-1]
    reason = None
    if moment != last or (of.catch_up is CatchUp.NONE and now - moment > MISSED_AFTER):
        reason = "missed: no worker ran then; "
        makes_up = of.catch_up is CatchUp.ONE or now - last <= MISSED_AFTER
        reason += f"the slot of {last:%Y-%m-%d %H:%M:%S} UTC stands for it" if makes_up else "it is not made up for"
        if moment == moments[0] and len(moments) == MAX_RECORDED:
            reason += "; earlier ones since the last run were missed, too"
    elif of.overlap is Overlap.SKIP:
        reason = _still_at_work(connection, schedule.dataset)
    if reason is not None:
        return Slot(schedule.id, moment, SlotOutcome.SKIPPED, reason, None)
    job = queue_job(connection, schedule.dataset, Cause.SCHEDULE, now, watch=of.watch)
    return Slot(schedule.id, moment, SlotOutcome.QUEUED, None, job.id)


def _still_at_work(connection: Connection, dataset: int) -> str | None:
    unfinished = JOBS.c.state.in_((JobState.QUEUED, JobState.RUNNING))
    found = connection.execute(
        select(JOBS.c.id, JOBS.c.state).where(JOBS.c.dataset == dataset, unfinished).limit(1)
    ).first()
    return None if found is None else f"job {found.id} of the dataset was still {found.state}"
