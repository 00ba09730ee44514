"""What people say about a dataset comes in; the datasets of the service go out, edited by one person at a time."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from kvqa_audit.errors import ConflictError, NotThereError, SpecError
from kvqa_audit.jobs.job_store import JobStore
from kvqa_audit.store.cells import fetched, kept_text
from kvqa_audit.store.job_records import Dataset, DatasetName, DatasetSettings, JobState
from kvqa_audit.store.job_tables import (
    DATASETS,
    EVENTS,
    JOBS,
    MESSAGES,
    SCHEDULES,
    SLOTS,
)
from kvqa_audit.store.run_rows import project_id
from kvqa_audit.store.tables import PROJECTS

# What an audit may be told, and of which kind.
OPTIONS = {
    "revision": str,
    **dict.fromkeys(("subset", "table_only", "ocr", "no_images", "blur_text", "pages"), bool),
    "jobs": int,
}
DESCRIPTION_FILES = ("dataset.yaml", "promises.yaml", "rules.yaml", "release.yaml")
_SETTINGS = tuple(DatasetSettings.__dataclass_fields__)
_ROWS = select(
    *(DATASETS.c[name] for name in ("id", "version", "created_at")),
    *(PROJECTS.c.name.label("project") if name == "project" else DATASETS.c[name] for name in _SETTINGS),
).select_from(DATASETS.join(PROJECTS, DATASETS.c.project == PROJECTS.c.id))
_ONE = _ROWS.where(DATASETS.c.id == bindparam("number"))
_PAGE, _NAMES = (
    columns.where(DATASETS.c.name > bindparam("after")).order_by(DATASETS.c.name).limit(bindparam("limit"))
    for columns in (_ROWS, select(DATASETS.c.id, DATASETS.c.name))
)


def register_dataset(store: JobStore, settings: DatasetSettings) -> Dataset:
    """Makes a dataset of the service.

    Raises:
        SpecError: something is said that no audit could take.
        ConflictError: there is one of this name.
    """
    with store.writing() as connection:
        values = {**_cells(connection, settings), "created_at": store.clock(connection), "version": 1}
        try:
            made = connection.execute(insert(DATASETS).values(values).returning(DATASETS.c.id)).scalar_one()
        except IntegrityError:
            raise _name_taken(settings) from None
        return _dataset(connection, made)


def datasets(store: JobStore, *, after: str = "", limit: int = 50) -> tuple[Dataset, ...]:
    """The next datasets by name, behind the one that is named `after`."""
    with store.reading() as connection:
        return tuple(map(_record, fetched(connection, _PAGE, after=after, limit=limit)))


def dataset_names(store: JobStore, *, after: str = "", limit: int = 50) -> tuple[DatasetName, ...]:
    """The same, without what is said about them."""
    with store.reading() as connection:
        return tuple(DatasetName(**row) for row in fetched(connection, _NAMES, after=after, limit=limit))


def dataset(store: JobStore, number: int) -> Dataset:
    """
    Raises:
        NotThereError: there is none with this id.
    """
    with store.reading() as connection:
        return _dataset(connection, number)


def dataset_named(store: JobStore, name: str) -> Dataset:
    """
    Raises:
        NotThereError: there is none of this name.
    """
    with store.reading() as connection:
        rows = fetched(connection, _ROWS.where(DATASETS.c.name == name))
    if not rows:
        raise NotThereError(f"there is no dataset '{name}' here")
    return _record(rows[0])


def edit_dataset(store: JobStore, number: int, version: int, settings: DatasetSettings) -> Dataset:
    """Replaces all that is said about a dataset.

    Args:
        number: its id.
        version: the version that the editor saw.
        settings: what is said now.

    Raises:
        SpecError: something is said that no audit could take.
        NotThereError: there is none.
        ConflictError: it was edited since, or the name is another one's.
    """
    with store.writing() as connection:
        values = {**_cells(connection, settings), "version": version + 1}
        wanted = update(DATASETS).where(DATASETS.c.id == number, DATASETS.c.version == version).values(values)
        try:
            edited = connection.execute(wanted.returning(DATASETS.c.id)).first()
        except IntegrityError:
            raise _name_taken(settings) from None
        known = _dataset(connection, number)
        if edited is None:
            raise ConflictError(
                f"the dataset '{known.settings.name}' was edited since: it has version {known.version}, not {version}; "
                "read it again"
            )
        return known


def remove_dataset(store: JobStore, number: int, version: int) -> None:
    """Removes a dataset with its schedules and jobs; its runs stay in the run store.

    Raises:
        NotThereError: there is none.
        ConflictError: it was edited since, or an audit of it is at work.
    """
    with store.writing() as connection:
        known = _dataset(connection, number, lock=True)
        if known.version != version:
            raise ConflictError(f"the dataset '{known.settings.name}' was edited since; read it again")
        jobs = select(JOBS.c.id).where(JOBS.c.dataset == number)
        if connection.execute(jobs.where(JOBS.c.state == JobState.RUNNING)).first():
            raise ConflictError(f"an audit of '{known.settings.name}' is at work; cancel it, or wait for its end")
        schedules = select(SCHEDULES.c.id).where(SCHEDULES.c.dataset == number)
        for table in (MESSAGES, EVENTS):
            connection.execute(delete(table).where(table.c.job.in_(jobs)))
        connection.execute(delete(SLOTS).where(SLOTS.c.schedule.in_(schedules)))
        for table in (SCHEDULES, JOBS):
            connection.execute(delete(table).where(table.c.dataset == number))
        connection.execute(delete(DATASETS).where(DATASETS.c.id == number))


def _dataset(connection: Connection, number: int, *, lock: bool = False) -> Dataset:
    if lock:
        connection.execute(select(DATASETS.c.id).where(DATASETS.c.id == number).with_for_update())
    rows = fetched(connection, _ONE, number=number)
    if not rows:
        raise NotThereError(f"there is no dataset {number} here")
    return _record(rows[0])


def _record(row: dict[str, Any]) -> Dataset:
    settings = DatasetSettings(**{**{name: row[name] for name in _SETTINGS}, "notify": tuple(row["notify"])})
    return Dataset(row["id"], row["version"], row["created_at"], settings)


def _cells(connection: Connection, settings: DatasetSettings) -> dict[str, Any]:
    kept = {
        name: kept_text(cell) if isinstance(cell, str) else cell for name, cell in asdict(_checked(settings)).items()
    }
    return {**kept, "project": project_id(connection, settings.project)}


def _checked(settings: DatasetSettings) -> DatasetSettings:
    """
    Raises:
        SpecError: something is said that no audit could take.
    """
    named = f"dataset '{settings.name}'"
    if not settings.name.strip() or not settings.source.strip():
        raise SpecError(f"{named}: needs a name and a source: a path, or hf://owner/name")
    if unknown := sorted(set(settings.description) - set(DESCRIPTION_FILES)):
        raise SpecError(f"{named}: a description has no file {unknown[0]!r}; it has {', '.join(DESCRIPTION_FILES)}")
    if settings.spec is not None and (os.sep in settings.spec or settings.spec in ("", ".", "..")):
        raise SpecError(f"{named}: spec '{settings.spec}' is no name of a shipped description, and not auto")
    for name, value in settings.options.items():
        kind = OPTIONS.get(name)
        if kind is None:
            raise SpecError(f"{named}: there is no option {name!r}; there are {', '.join(OPTIONS)}")
        if type(value) is not kind:
            raise SpecError(f"{named}: option {name}: {value!r} is no {kind.__name__}")
    limits = ("keep", "time_limit_s", "memory_limit_mb", "max_attempts")
    given = {name: getattr(settings, name) for name in limits} | {"jobs": settings.options.get("jobs")}
    for name, number in given.items():
        if number is not None and number < 1:
            raise SpecError(f"{named}: {name}: {number} is less than 1")
    return settings


def _name_taken(settings: DatasetSettings) -> ConflictError:
    return ConflictError(f"there is a dataset '{settings.name}' already; choose another name")
