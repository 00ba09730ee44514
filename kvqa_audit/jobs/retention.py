"""How many runs of a dataset are kept comes in; older ones go, with their rows, their files and their folders."""

from __future__ import annotations

import re
import shutil
from collections.abc import Collection
from pathlib import Path
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, delete, or_, select

from kvqa_audit.jobs.job_store import JobStore
from kvqa_audit.jobs.settings import RUNS_FOLDER, WORK_FOLDER
from kvqa_audit.store.cells import fetched
from kvqa_audit.store.job_records import EventKind, JobState
from kvqa_audit.store.job_tables import DATASETS, EVENTS, JOBS, MESSAGES, SCHEDULES, SLOTS
from kvqa_audit.store.prune import remove_runs
from kvqa_audit.store.records import RunState
from kvqa_audit.store.tables import RUNS

_AT_ONCE = 100
# So many slots at which nothing was done are kept of a schedule, and so many jobs that found nothing changed.
MAX_SKIPPED = 500
# Nothing else in these folders is ever touched.
_RUN = re.compile(r"[0-9a-f]{32}")


def tidy(store: JobStore, data: Path) -> None:
    """Removes the runs that need not be kept, and the folders of `data` that belong to no run.

    Raises:
        StoreError: the store is away.
        OSError: a folder cannot be listed.
    """
    with store.reading() as connection:
        known = fetched(connection, select(DATASETS.c.id, DATASETS.c.keep))
        schedules = connection.execute(select(SCHEDULES.c.id)).scalars().all()
    for row in known:
        while _forget_some_jobs(store, row["id"], row["keep"]):
            pass
    for schedule in schedules:
        _forget_old_slots(store, schedule)
    _remove_folders(store, data)


def _forget_some_jobs(store: JobStore, dataset: int, keep: int | None) -> bool:
    """Forgets the oldest jobs that need not be kept; whether there may be more."""
    c, of = JOBS.c, JOBS.c.dataset == dataset
    with store.writing() as connection:
        skipped = _last_but(MAX_SKIPPED, c.id, of, c.state == JobState.SKIPPED)
        need_not_be = [(c.state == JobState.SKIPPED) & (c.id <= skipped)]
        if keep is not None:
            done = _last_but(max(1, keep), c.id, of, c.state == JobState.DONE)
            need_not_be.append(c.finished_at.is_not(None) & (c.id <= done))
        old = select(c.id).where(of, or_(*need_not_be)).order_by(c.id).limit(_AT_ONCE)
        numbers = connection.execute(old).scalars().all()
        remove_runs(connection, _runs_of(connection, numbers))
        for table in (SLOTS, MESSAGES, EVENTS):
            connection.execute(delete(table).where(table.c.job.in_(numbers)))
        connection.execute(delete(JOBS).where(c.id.in_(numbers)))
        return len(numbers) == _AT_ONCE


def _forget_old_slots(store: JobStore, schedule: int) -> None:
    """Forgets slots that were skipped before there was a job, but for the last ones."""
    c, its = SLOTS.c, (SLOTS.c.schedule == schedule, SLOTS.c.job.is_(None))
    with store.writing() as connection:
        connection.execute(delete(SLOTS).where(*its, c.slot <= _last_but(MAX_SKIPPED, c.slot, *its)))


def _last_but(number: int, column: Column[Any], *of: ColumnElement[bool]) -> Any:
    """The highest of these values behind the last `number` ones; NULL, which no value is below, where there is none."""
    return select(column).where(*of).order_by(column.desc()).offset(number).limit(1).scalar_subquery()


def _runs_of(connection: Connection, numbers: Collection[int]) -> set[str]:
    """The runs of all attempts at these jobs."""
    told = select(EVENTS.c.body).where(EVENTS.c.job.in_(numbers), EVENTS.c.kind == EventKind.STATE)
    return {body["run"] for body in connection.execute(told).scalars() if body.get("run")}


def _remove_folders(store: JobStore, data: Path) -> None:
    # Listed before the store is asked: a job that begins in between is none of these.
    folders = [
        path for name in (RUNS_FOLDER, WORK_FOLDER) if (data / name).is_dir() for path in (data / name).iterdir()
    ]
    with store.reading() as connection:
        at_work = set(connection.execute(select(JOBS.c.run).where(JOBS.c.state == JobState.RUNNING)).scalars())
        kept = set(connection.execute(select(RUNS.c.id).where(RUNS.c.state == RunState.FINISHED)).scalars())
    for folder in folders:
        if not _RUN.fullmatch(folder.name) or folder.name in at_work:
            continue
        if folder.parent.name == WORK_FOLDER or folder.name not in kept:
            shutil.rmtree(folder, ignore_errors=True)
