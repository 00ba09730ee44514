"""How many runs of a dataset are kept comes in; older ones go, with their rows, their files and their folders."""

from __future__ import annotations

import re
import shutil
from collections.abc import Collection
from pathlib import Path

from sqlalchemy import Connection, delete, select

from kvqa_audit.jobs.job_store import JobStore
from kvqa_audit.jobs.settings import RUNS_FOLDER, WORK_FOLDER
from kvqa_audit.store.cells import fetched
from kvqa_audit.store.job_records import EventKind, JobState
from kvqa_audit.store.job_tables import DATASETS, EVENTS, JOBS, MESSAGES, SCHEDULES, SLOTS
from kvqa_audit.store.prune import remove_runs
from kvqa_audit.store.records import RunState
from kvqa_audit.store.tables import RUNS

_AT_ONCE = 100
# Nothing else in these folders is ever touched.
_RUN = re.compile(r"[0-9a-f]{32}")


def tidy(store: JobStore, data: Path) -> None:
    """Removes the runs that need not be kept, and the folders of `data` that belong to no run.

    Raises:
        StoreError: the store is away.
        OSError: a folder cannot be listed.
    """
    with store.reading() as connection:
        limited = fetched(connection, select(DATASETS.c.id, DATASETS.c.keep).where(DATASETS.c.keep.is_not(None)))
    for row in limited:
        while _forget_some(store, row["id"], max(1, row["keep"])):
            pass
    _remove_folders(store, data)


def _forget_some(store: JobStore, dataset: int, keep: int) -> bool:
    """Forgets the oldest jobs behind the last `keep` finished ones; whether there may be more."""
    with store.writing() as connection:
        done = select(JOBS.c.id).where(JOBS.c.dataset == dataset, JOBS.c.state == JobState.DONE)
        oldest = connection.execute(done.order_by(JOBS.c.id.desc()).offset(keep - 1).limit(1)).scalar()
        if oldest is None:
            return False
        older = select(JOBS.c.id).where(JOBS.c.dataset == dataset, JOBS.c.id < oldest, JOBS.c.finished_at.is_not(None))
        numbers = connection.execute(older.order_by(JOBS.c.id).limit(_AT_ONCE)).scalars().all()
        remove_runs(connection, _runs_of(connection, numbers))
        since = connection.execute(select(JOBS.c.queued_at).where(JOBS.c.id == oldest)).scalar_one()
        its = select(SCHEDULES.c.id).where(SCHEDULES.c.dataset == dataset)
        connection.execute(delete(SLOTS).where(SLOTS.c.schedule.in_(its), SLOTS.c.slot < since, SLOTS.c.job.is_(None)))
        for table in (SLOTS, MESSAGES, EVENTS):
            connection.execute(delete(table).where(table.c.job.in_(numbers)))
        connection.execute(delete(JOBS).where(JOBS.c.id.in_(numbers)))
        return len(numbers) == _AT_ONCE


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
