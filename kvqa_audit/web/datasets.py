"""Who asks and what they ask for come in; datasets and schedules, seen or changed by who may do so, go out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TypeVar

from fastapi import Request

from kvqa_audit.access.records import Scope
from kvqa_audit.access.users import give_role, user_named
from kvqa_audit.errors import SpecError
from kvqa_audit.jobs.dataset_texts import decisions_in, decisions_text
from kvqa_audit.jobs.datasets import dataset, dataset_names, datasets, edit_dataset, register_dataset, remove_dataset
from kvqa_audit.jobs.schedules import add_schedule, edit_schedule, remove_schedule, schedule
from kvqa_audit.release.decisions import Decision
from kvqa_audit.reviews.merging import follow
from kvqa_audit.store.access_tables import Role
from kvqa_audit.store.job_records import Dataset, DatasetName, DatasetSettings, Schedule, ScheduleSettings
from kvqa_audit.web.errors import ForbiddenError, UnknownError
from kvqa_audit.web.settings_check import checked
from kvqa_audit.web.site import Site, site_of
from kvqa_audit.web.who import Caller, dataset_seen_by, make_sure_of_scope

Named = TypeVar("Named", Dataset, DatasetName)
_AT_ONCE = 200


def seen_dataset(site: Site, caller: Caller, number: int, role: Role = Role.VIEWER, scope: Scope = "read") -> Dataset:
    """The dataset with this id.

    Raises:
        NotThereError, UnknownError: there is none, or the caller may not see it.
        ForbiddenError: they see it, and need a stronger role or token.
    """
    found = dataset(site.store, number)
    dataset_seen_by(caller, found, role, scope)
    return found


def seen_datasets(site: Site, caller: Caller, after: str = "", limit: int = 50) -> tuple[Dataset, ...]:
    """The next datasets that the caller may see, by name."""
    return _seen(partial(datasets, site.store), caller, after, limit)


def seen_names(site: Site, caller: Caller, after: str = "", limit: int = 50) -> tuple[DatasetName, ...]:
    """The same without what is said about them, of which there may be much."""
    return _seen(partial(dataset_names, site.store), caller, after, limit)


def _seen(read: Callable[..., tuple[Named, ...]], caller: Caller, after: str, limit: int) -> tuple[Named, ...]:
    found: list[Named] = []
    while len(found) < limit:
        part = read(after=after, limit=limit if caller.identity.user.role else _AT_ONCE)
        found += [one for one in part if caller.identity.may(one.id, Role.VIEWER)]
        if not part:
            break
        after = part[-1].name
    return tuple(found[:limit])


def may_register(caller: Caller) -> bool:
    """Whether somebody may make datasets: it takes the role of a maintainer on all."""
    role = caller.identity.user.role
    return role is not None and role.rank >= Role.MAINTAINER.rank


def make_dataset(request: Request, caller: Caller, settings: DatasetSettings) -> Dataset:
    """Registers a dataset; who does it administers it.

    Raises:
        ForbiddenError: they may not.
        AccessError, SpecError: its place is not allowed; its description, gate or decisions cannot be read.
        ConflictError: the name is in use.
    """
    site = site_of(request)
    if not may_register(caller):
        raise ForbiddenError("Registering datasets needs the role maintainer on all datasets.")
    make_sure_of_scope(caller, "write")
    # A project of its own: what is new is told against its own runs, even where another dataset has its description.
    settings = checked(replace(settings, project=settings.name.strip()), site.settings.roots)
    made = register_dataset(site.store, settings)
    with site.store.writing() as connection:
        if not caller.identity.user.is_administrator:
            give_role(connection, caller.identity.user.id, made.id, Role.ADMIN)
        about = {"dataset": made.id, "source": settings.source}
        site.log_in(connection, request, caller.name, "registered", settings.name, **about)
    return made


def change_dataset(request: Request, caller: Caller, number: int, version: int, settings: DatasetSettings) -> Dataset:
    """Replaces what is said about a dataset.

    Raises:
        ConflictError: somebody else did since this version.
        AccessError, SpecError, ForbiddenError: as for `make_dataset`.
    """
    site = site_of(request)
    before = seen_dataset(site, caller, number, Role.MAINTAINER, "write").settings
    settings = checked(replace(settings, project=before.project), site.settings.roots)
    made = edit_dataset(site.store, number, version, settings)
    if before.decisions != settings.decisions:
        follow(site.store, number, _decisions(before), _decisions(settings))
    changed = [
        name for name in DatasetSettings.__dataclass_fields__ if getattr(before, name) != getattr(settings, name)
    ]
    site.log(request, caller.name, "edited", settings.name, dataset=number, changed=changed)
    return made


def _decisions(settings: DatasetSettings) -> tuple[Decision, ...]:
    try:
        return decisions_in(decisions_text(settings))
    except SpecError:
        # A table of decisions beside the dataset, which its next audit reads.
        return ()


def drop_dataset(request: Request, caller: Caller, number: int, version: int) -> None:
    """Removes a dataset with its schedules; finished runs stay in the store.

    Raises:
        ConflictError: somebody edited it since this version, or an audit of it is at work.
    """
    site = site_of(request)
    known = seen_dataset(site, caller, number, Role.ADMIN, "write")
    remove_dataset(site.store, number, version)
    site.log(request, caller.name, "removed", known.settings.name, dataset=number)


def seen_schedule(site: Site, caller: Caller, number: int, role: Role = Role.VIEWER, scope: Scope = "read") -> Schedule:
    """The schedule with this id, of a dataset that the caller may see."""
    found = schedule(site.store, number)
    seen_dataset(site, caller, found.dataset, role, scope)
    return found


def make_schedule(request: Request, caller: Caller, number: int, settings: ScheduleSettings) -> Schedule:
    """Gives a dataset a schedule.

    Raises:
        SpecError: the cron expression or the time zone cannot be read.
    """
    site = site_of(request)
    known = seen_dataset(site, caller, number, Role.MAINTAINER, "write")
    made = add_schedule(site.store, number, settings)
    site.log(request, caller.name, "scheduled", known.settings.name, dataset=number, cron=settings.cron)
    return made


def change_schedule(
    request: Request, caller: Caller, number: int, version: int, settings: ScheduleSettings
) -> Schedule:
    """Replaces what is said about a schedule.

    Raises:
        ConflictError: somebody else did since this version.
        SpecError: the cron expression or the time zone cannot be read.
    """
    site = site_of(request)
    known = seen_schedule(site, caller, number, Role.MAINTAINER, "write")
    made = edit_schedule(site.store, number, version, settings)
    about = {"cron": settings.cron, "paused": settings.paused}
    site.log(request, caller.name, "edited a schedule", str(number), dataset=known.dataset, **about)
    return made


def drop_schedule(request: Request, caller: Caller, number: int, version: int) -> Schedule:
    """Removes a schedule, and tells what it was.

    Raises:
        ConflictError: somebody edited it since this version.
    """
    site = site_of(request)
    known = seen_schedule(site, caller, number, Role.MAINTAINER, "write")
    remove_schedule(site.store, number, version)
    site.log(request, caller.name, "removed a schedule", known.settings.cron, dataset=known.dataset)
    return known


def set_role(request: Request, caller: Caller, number: int, name: str, role: Role | None) -> None:
    """Gives a user a role on a dataset; None takes it away.

    Raises:
        UnknownError: there is no such user.
        ForbiddenError: the caller is no admin of the dataset.
    """
    site = site_of(request)
    seen_dataset(site, caller, number, Role.ADMIN, "write")
    with site.store.writing() as connection:
        user = user_named(connection, name)
        if user is None:
            raise UnknownError(f"There is no user {name[:100]}; an administrator adds users in the settings.")
        give_role(connection, user.id, number, role)
        told = role.value if role else "none"
        site.log_in(connection, request, caller.name, "gave a role", name, dataset=number, role=told)
