"""Who asks comes in; datasets, their schedules and the roles on them go out as JSON."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response

from kvqa_audit.access.users import roles_on
from kvqa_audit.client import records as wire
from kvqa_audit.jobs.dataset_decisions import bring_up_to_date
from kvqa_audit.jobs.datasets import dataset_named
from kvqa_audit.jobs.schedules import schedules
from kvqa_audit.store.access_tables import Role
from kvqa_audit.store.job_records import Dataset
from kvqa_audit.web import datasets as work
from kvqa_audit.web.api import wire as as_wire
from kvqa_audit.web.api.once import Key, once
from kvqa_audit.web.api.wire import Cursor, IfMatch, Limit, Number, Reader, Writer, page_of, place_of, tell_version
from kvqa_audit.web.overviews import Overview, overviews
from kvqa_audit.web.site import site_of
from kvqa_audit.web.who import Caller, dataset_seen_by

router = APIRouter()
MADE: dict[int | str, dict[str, Any]] = {
    201: {"headers": {"Location": {"schema": {"type": "string"}}, "ETag": {"schema": {"type": "string"}}}}
}


@router.get("/datasets", response_model=wire.Page[wire.Dataset], tags=["datasets"])
def list_datasets(
    request: Request,
    caller: Reader,
    cursor: Cursor = None,
    limit: Limit = 50,
    name: Annotated[str | None, Query(max_length=200, description="only the dataset of this name")] = None,
) -> Response:
    """The datasets that the caller may see, by name."""
    site = site_of(request)
    if name is not None:
        found = dataset_named(site.store, name)
        dataset_seen_by(caller, found)
        return as_wire.answer(wire.Page[wire.Dataset](items=[_dataset(request, caller, found)]))
    many = work.seen_datasets(site, caller, place_of(cursor), limit + 1)
    with site.store.reading() as connection:
        about = overviews(connection, [one.id for one in many], runs=1)
    told = [as_wire.dataset(one, caller, about[one.id]) for one in many]
    return as_wire.answer(page_of(told, limit, [one.name for one in told]))


@router.post("/datasets", status_code=201, response_model=wire.Dataset, responses=MADE, tags=["datasets"])
def register_dataset(request: Request, caller: Writer, sent: wire.DatasetEdit, key: Key = None) -> Response:
    """Registers a dataset."""

    def made() -> tuple[int, wire.Dataset, dict[str, str]]:
        found = work.make_dataset(request, caller, as_wire.dataset_settings(sent))
        again = Caller(caller.identity, caller.csrf)
        told = as_wire.dataset(found, again, Overview())
        told = told if caller.identity.role_on(found.id) else told.model_copy(update={"role": "admin"})
        place = {"Location": f"/api/v1/datasets/{found.id}", "ETag": as_wire.etag(found.version)}
        return 201, told, place

    return once(request, caller, key, sent, made)


@router.get("/datasets/{number}", tags=["datasets"])
def get_dataset(request: Request, response: Response, caller: Reader, number: Number) -> wire.Dataset:
    """One dataset."""
    known = work.seen_dataset(site_of(request), caller, number)
    found = bring_up_to_date(site_of(request).store, number, known)
    tell_version(response, found.version)
    return _dataset(request, caller, found)


@router.put("/datasets/{number}", tags=["datasets"])
def edit_dataset(
    request: Request,
    response: Response,
    caller: Writer,
    number: Number,
    sent: wire.DatasetEdit,
    if_match: IfMatch = None,
) -> wire.Dataset:
    """Replaces what is said about a dataset."""
    known = work.seen_dataset(site_of(request), caller, number, Role.MAINTAINER, "write")
    version = as_wire.version_named(if_match, known.version)
    made = work.change_dataset(request, caller, number, version, as_wire.dataset_settings(sent))
    tell_version(response, made.version)
    return _dataset(request, caller, made)


@router.delete("/datasets/{number}", status_code=204, tags=["datasets"])
def remove_dataset(request: Request, caller: Writer, number: Number, if_match: IfMatch = None) -> None:
    """Removes a dataset with its schedules; finished runs stay in the store."""
    known = work.seen_dataset(site_of(request), caller, number, Role.ADMIN, "write")
    work.drop_dataset(request, caller, number, as_wire.version_named(if_match, known.version))


@router.get("/datasets/{number}/schedules", tags=["schedules"])
def list_schedules(request: Request, caller: Reader, number: Number) -> wire.Page[wire.Schedule]:
    """The schedules of a dataset: all of them, on one page."""
    site = site_of(request)
    found = work.seen_dataset(site, caller, number)
    now = site.now()
    told = [as_wire.schedule(one, now) for one in schedules(site.store, found.id)]
    return wire.Page[wire.Schedule](items=told)


@router.post(
    "/datasets/{number}/schedules", status_code=201, response_model=wire.Schedule, responses=MADE, tags=["schedules"]
)
def add_schedule(
    request: Request, caller: Writer, number: Number, sent: wire.ScheduleEdit, key: Key = None
) -> Response:
    """Gives a dataset a schedule."""

    def made() -> tuple[int, wire.Schedule, dict[str, str]]:
        found = work.make_schedule(request, caller, number, as_wire.schedule_settings(sent))
        place = {"Location": f"/api/v1/schedules/{found.id}", "ETag": as_wire.etag(found.version)}
        return 201, as_wire.schedule(found, site_of(request).now()), place

    return once(request, caller, key, sent, made)


@router.get("/schedules/{number}", tags=["schedules"])
def get_schedule(request: Request, response: Response, caller: Reader, number: Number) -> wire.Schedule:
    """One schedule, with its next five moments."""
    site = site_of(request)
    found = work.seen_schedule(site, caller, number)
    tell_version(response, found.version)
    return as_wire.schedule(found, site.now())


@router.put("/schedules/{number}", tags=["schedules"])
def edit_schedule(
    request: Request,
    response: Response,
    caller: Writer,
    number: Number,
    sent: wire.ScheduleEdit,
    if_match: IfMatch = None,
) -> wire.Schedule:
    """Replaces what is said about a schedule."""
    site = site_of(request)
    known = work.seen_schedule(site, caller, number, Role.MAINTAINER, "write")
    version = as_wire.version_named(if_match, known.version)
    made = work.change_schedule(request, caller, number, version, as_wire.schedule_settings(sent))
    tell_version(response, made.version)
    return as_wire.schedule(made, site.now())


@router.delete("/schedules/{number}", status_code=204, tags=["schedules"])
def remove_schedule(request: Request, caller: Writer, number: Number, if_match: IfMatch = None) -> None:
    """Removes a schedule."""
    known = work.seen_schedule(site_of(request), caller, number, Role.MAINTAINER, "write")
    work.drop_schedule(request, caller, number, as_wire.version_named(if_match, known.version))


@router.get("/datasets/{number}/roles", tags=["access"])
def list_roles(request: Request, caller: Reader, number: Number) -> wire.Page[wire.UserRole]:
    """Who has a role on this dataset alone: all of them, on one page."""
    site = site_of(request)
    found = work.seen_dataset(site, caller, number, Role.ADMIN)
    with site.store.reading() as connection:
        told = [wire.UserRole(name=one.name, role=one.role.value) for one in roles_on(connection, found.id)]
    return wire.Page[wire.UserRole](items=told)


@router.put("/datasets/{number}/roles/{name}", status_code=204, tags=["access"])
def set_role(
    request: Request,
    caller: Writer,
    number: Number,
    name: Annotated[str, Path(max_length=100)],
    sent: wire.RoleEdit,
) -> None:
    """Gives a user a role on this dataset, or takes it away."""
    work.set_role(request, caller, number, name, Role(sent.role) if sent.role else None)


def _dataset(request: Request, caller: Caller, found: Dataset) -> wire.Dataset:
    with site_of(request).store.reading() as connection:
        about = overviews(connection, [found.id], runs=1)[found.id]
    return as_wire.dataset(found, caller, about)
