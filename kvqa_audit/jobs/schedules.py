"""When a dataset is to be audited comes in; its schedules go out, edited by one person at a time."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from kvqa_audit.errors import ConflictError, NotThereError
from kvqa_audit.jobs.cron import times_after
from kvqa_audit.jobs.job_store import JobStore
from kvqa_audit.store.cells import fetched
from kvqa_audit.store.job_records import Schedule, ScheduleSettings
from kvqa_audit.store.job_tables import DATASETS, SCHEDULES, SLOTS

_SETTINGS = tuple(ScheduleSettings.__dataclass_fields__)
_ALL = select(SCHEDULES).order_by(SCHEDULES.c.id)
_OF_ONE = _ALL.where(SCHEDULES.c.dataset == bindparam("dataset"))


def add_schedule(store: JobStore, dataset: int, settings: ScheduleSettings) -> Schedule:
    """Gives a dataset one more schedule.

    Raises:
        NotThereError: there is no such dataset.
        SpecError: the cron expression or the time zone cannot be read.
    """
    with store.writing() as connection:
        if connection.execute(select(DATASETS.c.id).where(DATASETS.c.id == dataset)).first() is None:
            raise NotThereError(f"there is no dataset {dataset} here")
        now = store.clock(connection)
        values = {**asdict(settings), "dataset": dataset, "created_at": now, "version": 1}
        values["next_slot"] = _next(settings, now)
        made = connection.execute(insert(SCHEDULES).values(values).returning(SCHEDULES.c.id)).scalar_one()
        return schedule_row(connection, made)


def schedules(store: JobStore, dataset: int | None = None) -> tuple[Schedule, ...]:
    """All schedules, or those of one dataset, in the order in which they were made."""
    with store.reading() as connection:
        rows = fetched(connection, _ALL) if dataset is None else fetched(connection, _OF_ONE, dataset=dataset)
    return tuple(map(_record, rows))


def schedule(store: JobStore, number: int) -> Schedule:
    """
    Raises:
        NotThereError: there is none with this id.
    """
    with store.reading() as connection:
        return schedule_row(connection, number)


def next_times(store: JobStore, number: int, count: int = 5) -> tuple[datetime, ...]:
    """The next moments of a schedule, by the clock of the store; they are told while it is paused, too.

    Raises:
        NotThereError: there is none with this id.
    """
    with store.reading() as connection:
        settings = schedule_row(connection, number).settings
        return times_after(settings.cron, settings.time_zone, store.clock(connection), count)


def edit_schedule(store: JobStore, number: int, version: int, settings: ScheduleSettings) -> Schedule:
    """Replaces all that is said about a schedule; slots that came while it was paused are not made up for.

    Args:
        number: its id.
        version: the version that the editor saw.
        settings: what is said now.

    Raises:
        NotThereError: there is none.
        ConflictError: it was edited since.
        SpecError: the cron expression or the time zone cannot be read.
    """
    with store.writing() as connection:
        known = _seen(connection, number, version)
        before = known.settings
        next_slot = _next(settings, store.clock(connection))
        if replace(settings, watch=before.watch, overlap=before.overlap, catch_up=before.catch_up) == before:
            next_slot = known.next_slot
        values = {**asdict(settings), "next_slot": next_slot, "version": version + 1}
        connection.execute(update(SCHEDULES).where(SCHEDULES.c.id == number).values(values))
        return schedule_row(connection, number)


def remove_schedule(store: JobStore, number: int, version: int) -> None:
    """Removes a schedule and its slots; jobs that it queued stay.

    Raises:
        NotThereError: there is none.
        ConflictError: it was edited since.
    """
    with store.writing() as connection:
        _seen(connection, number, version)
        connection.execute(delete(SLOTS).where(SLOTS.c.schedule == number))
        connection.execute(delete(SCHEDULES).where(SCHEDULES.c.id == number))


def schedule_row(connection: Connection, number: int) -> Schedule:
    """
    Raises:
        NotThereError: there is none with this id.
    """
    rows = fetched(connection, select(SCHEDULES).where(SCHEDULES.c.id == number))
    if not rows:
        raise NotThereError(f"there is no schedule {number} here")
    return _record(rows[0])


def _seen(connection: Connection, number: int, version: int) -> Schedule:
    connection.execute(select(SCHEDULES.c.id).where(SCHEDULES.c.id == number).with_for_update())
    known = schedule_row(connection, number)
    if known.version != version:
        raise ConflictError(
            f"schedule {number} was edited since: it has version {known.version}, not {version}; read it again"
        )
    return known


def _next(settings: ScheduleSettings, now: datetime) -> datetime | None:
    times = times_after(settings.cron, settings.time_zone, now)
    return times[0] if times and not settings.paused else None


def _record(row: dict[str, Any]) -> Schedule:
    about = {name: row[name] for name in Schedule.__dataclass_fields__ if name != "settings"}
    return Schedule(**about, settings=ScheduleSettings(**{name: row[name] for name in _SETTINGS}))
