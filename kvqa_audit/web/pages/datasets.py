"""Who asks comes in; the list of datasets, one dataset, and the forms that change them, go out."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import FormData

from kvqa_audit.access.users import roles_on
from kvqa_audit.errors import KvqaAuditError, SpecError
from kvqa_audit.jobs.cron import times_after
from kvqa_audit.jobs.dataset_decisions import bring_up_to_date
from kvqa_audit.jobs.datasets import DESCRIPTION_FILES
from kvqa_audit.jobs.schedules import schedules
from kvqa_audit.spec.load import shipped_descriptions
from kvqa_audit.store.access_tables import Role
from kvqa_audit.store.job_records import Cause, Dataset, DatasetSettings, Schedule, ScheduleSettings
from kvqa_audit.web import datasets as work
from kvqa_audit.web.audits import start_audit
from kvqa_audit.web.charts import findings_over_runs
from kvqa_audit.web.errors import status_of
from kvqa_audit.web.forms import (
    dataset_settings,
    fields_of,
    number_of,
    one_of,
    schedule_settings,
    text_of,
    time_zones,
)
from kvqa_audit.web.overviews import history, overviews, trends
from kvqa_audit.web.rendering import page
from kvqa_audit.web.site import site_of
from kvqa_audit.web.who import Caller, form_fields, somebody

router = APIRouter()
Known = Annotated[Caller, Depends(somebody)]
Form = Annotated[FormData, Depends(form_fields)]
_PAGE, _HISTORY = 25, 40


@router.get("/")
def datasets_page(request: Request, caller: Known, after: Annotated[str, Query(max_length=200)] = "") -> Response:
    """The datasets that somebody may see, with the last verdict, the trend and the next run."""
    site = site_of(request)
    found = work.seen_names(site, caller, after, _PAGE + 1)
    more, found = found[_PAGE:], found[:_PAGE]
    with site.store.reading() as connection:
        told = overviews(connection, [one.id for one in found])
    charts = {n: findings_over_runs(one.trend, width=144, height=32) for n, one in told.items()}
    following = request.url.include_query_params(after=found[-1].name).query if more else ""
    return page(
        request,
        "datasets.html.j2",
        caller,
        found=found,
        told=told,
        charts=charts,
        following=f"/?{following}" if following else "",
        may_register=work.may_register(caller),
        after=after,
    )


@router.get("/datasets/new")
def new_dataset_page(request: Request, caller: Known) -> Response:
    """The form that registers a dataset."""
    return _dataset_form(request, caller, None, DatasetSettings("", ""))


@router.post("/datasets/new")
def register(request: Request, caller: Known, form: Form) -> Response:
    """Registers a dataset."""
    settings = DatasetSettings(text_of(form, "name"), text_of(form, "source"))
    try:
        settings = dataset_settings(form)
        made = work.make_dataset(request, caller, settings)
    except KvqaAuditError as error:
        return _dataset_form(request, caller, None, settings, error)
    return RedirectResponse(f"/datasets/{made.id}", 303)


@router.get("/datasets/{number}")
def dataset_page(
    request: Request, caller: Known, number: int, before: Annotated[int | None, Query(ge=1, lt=2**31)] = None
) -> Response:
    """One dataset: its verdict, history, schedules and settings."""
    site = site_of(request)
    known = work.seen_dataset(site, caller, number)
    return _dataset(request, caller, bring_up_to_date(site.store, number, known), before=before)


@router.get("/datasets/{number}/edit")
def edit_page(request: Request, caller: Known, number: int) -> Response:
    """The form that edits a dataset."""
    found = work.seen_dataset(site_of(request), caller, number, Role.MAINTAINER)
    return _dataset_form(request, caller, found, found.settings)


@router.post("/datasets/{number}/edit")
def edit(request: Request, caller: Known, number: int, form: Form) -> Response:
    """Edits a dataset, if nobody else did since the form was loaded; what was typed is never lost."""
    found = work.seen_dataset(site_of(request), caller, number, Role.MAINTAINER)
    settings = found.settings
    try:
        settings = dataset_settings(form)
        work.change_dataset(request, caller, number, number_of(form, "version") or 0, settings)
    except KvqaAuditError as error:
        now = work.seen_dataset(site_of(request), caller, number, Role.MAINTAINER)
        return _dataset_form(request, caller, now, settings, error)
    return RedirectResponse(f"/datasets/{number}", 303)


@router.post("/datasets/{number}/remove")
def remove(request: Request, caller: Known, number: int, form: Form) -> Response:
    """Removes a dataset whose name was typed."""
    found = work.seen_dataset(site_of(request), caller, number, Role.ADMIN)
    try:
        if text_of(form, "name").strip() != found.settings.name:
            raise SpecError("type the dataset's name to remove it")
        work.drop_dataset(request, caller, number, number_of(form, "version") or 0)
    except KvqaAuditError as error:
        return _dataset_form(request, caller, found, found.settings, error)
    return RedirectResponse("/", 303)


@router.post("/datasets/{number}/start")
def start(request: Request, caller: Known, number: int, _: Form) -> Response:
    """Starts an audit now, and goes to where it can be watched."""
    made = start_audit(request, caller, number, Cause.MANUAL)
    return RedirectResponse(f"/audits/{made.id}", 303)


@router.post("/datasets/{number}/schedules")
def add_schedule(request: Request, caller: Known, number: int, form: Form) -> Response:
    """Adds a schedule."""
    found = work.seen_dataset(site_of(request), caller, number, Role.MAINTAINER)
    typed = ScheduleSettings(text_of(form, "cron"), text_of(form, "time_zone"))
    try:
        typed = schedule_settings(form)
        work.make_schedule(request, caller, number, typed)
    except KvqaAuditError as error:
        return _dataset(request, caller, found, error=error, typed=typed)
    return RedirectResponse(f"/datasets/{number}#schedules", 303)


@router.get("/schedules/{number}")
def schedule_page(request: Request, caller: Known, number: int) -> Response:
    """The form that edits a schedule."""
    found = work.seen_schedule(site_of(request), caller, number, Role.MAINTAINER)
    return _schedule_form(request, caller, found, found.settings)


@router.post("/schedules/{number}")
def edit_schedule(request: Request, caller: Known, number: int, form: Form) -> Response:
    """Edits or removes a schedule, if nobody else edited it since the form was loaded."""
    found = work.seen_schedule(site_of(request), caller, number, Role.MAINTAINER)
    typed, version = found.settings, number_of(form, "version") or 0
    try:
        if form.get("remove"):
            work.drop_schedule(request, caller, number, version)
        else:
            typed = schedule_settings(form)
            work.change_schedule(request, caller, number, version, typed)
    except KvqaAuditError as error:
        now = work.seen_schedule(site_of(request), caller, number, Role.MAINTAINER)
        return _schedule_form(request, caller, now, typed, error)
    return RedirectResponse(f"/datasets/{found.dataset}#schedules", 303)


@router.post("/datasets/{number}/roles")
def give(request: Request, caller: Known, number: int, form: Form) -> Response:
    """Gives somebody a role on this dataset, or takes it away."""
    site = site_of(request)
    found = work.seen_dataset(site, caller, number, Role.ADMIN)
    try:
        word = text_of(form, "role")
        work.set_role(
            request, caller, number, text_of(form, "name").strip(), one_of(Role, word, "role") if word else None
        )
    except KvqaAuditError as error:
        return _dataset(request, caller, found, error=error)
    return RedirectResponse(f"/datasets/{number}#roles", 303)


def _dataset(
    request: Request,
    caller: Caller,
    found: Dataset,
    *,
    before: int | None = None,
    error: KvqaAuditError | None = None,
    typed: ScheduleSettings | None = None,
) -> Response:
    site = site_of(request)
    held = caller.identity.role_on(found.id)
    assert held is not None
    with site.store.reading() as connection:
        lines = history(connection, found.id, before=before, limit=_HISTORY + 1)
        last = trends(connection, [found.id], runs=1)[found.id]
        roles = roles_on(connection, found.id) if held is Role.ADMIN else ()
        now = site.store.about_now(connection)
    shown = lines[:_HISTORY]
    finished = [one.run for one in shown if one.run is not None]
    planned = schedules(site.store, found.id)
    return page(
        request,
        "dataset.html.j2",
        caller,
        status_of(error)[0] if error else 200,
        dataset=found,
        run=last[-1] if last else None,
        next_slot=min((one.next_slot for one in planned if one.next_slot), default=None),
        chart=findings_over_runs(finished[::-1], width=720, height=150, edge=12),
        lines=shown,
        finished=finished,
        following=f"/datasets/{found.id}?before={shown[-1].id}" if len(lines) > _HISTORY else "",
        schedules=[(one, _next(one, now)) for one in planned],
        roles=roles,
        held=held,
        role_words=list(Role),
        zones=time_zones(),
        typed=typed or ScheduleSettings("0 3 * * *"),
        error=str(error) if error else "",
        may=lambda role: held.rank >= Role(role).rank,
    )


def _next(schedule: Schedule, now: datetime) -> tuple[datetime, ...]:
    return times_after(schedule.settings.cron, schedule.settings.time_zone, now, 5)


def _dataset_form(
    request: Request, caller: Caller, found: Dataset | None, settings: DatasetSettings, error: Exception | None = None
) -> Response:
    site = site_of(request)
    return page(
        request,
        "dataset_form.html.j2",
        caller,
        status_of(error)[0] if isinstance(error, KvqaAuditError) else 200,
        dataset=found,
        fields=fields_of(settings),
        own_files=DESCRIPTION_FILES,
        shipped=sorted(path.name for path in shipped_descriptions().iterdir() if path.is_dir()),
        roots=site.settings.roots,
        error=str(error) if error else "",
        may_remove=found is not None and caller.identity.may(found.id, Role.ADMIN),
    )


def _schedule_form(
    request: Request, caller: Caller, found: Schedule, typed: ScheduleSettings, error: KvqaAuditError | None = None
) -> Response:
    site = site_of(request)
    return page(
        request,
        "schedule.html.j2",
        caller,
        status_of(error)[0] if error else 200,
        dataset=work.seen_dataset(site, caller, found.dataset),
        schedule=found,
        typed=typed,
        following=_next(found, site.now()),
        zones=time_zones(),
        error=str(error) if error else "",
    )
