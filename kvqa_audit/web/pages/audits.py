"""Who asks comes in; an audit that runs or has ended, its findings, and what changed between two go out."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from kvqa_audit.jobs.events import events_after
from kvqa_audit.jobs.outbox import messages_of
from kvqa_audit.model import FindingStatus, Severity
from kvqa_audit.store.access_tables import Role
from kvqa_audit.store.differences import differences, only_in
from kvqa_audit.store.job_records import EventKind
from kvqa_audit.web.audits import (
    Audit,
    audit_of_run,
    cancel_audit,
    has_report,
    record_of,
    run_before,
    seen_audit,
    states_of_findings,
)
from kvqa_audit.web.errors import UnknownError
from kvqa_audit.web.pages.datasets import Form, Known
from kvqa_audit.web.rendering import page
from kvqa_audit.web.reports import report_place
from kvqa_audit.web.site import site_of

router = APIRouter()
_PAGE = 50


@router.get("/runs/{run}")
def run_page(request: Request, caller: Known, run: str) -> Response:
    """Goes to the audit that a run of the store belongs to, as messages name it."""
    audit = seen_audit(site_of(request), caller, audit_of_run(site_of(request), run))
    return RedirectResponse(f"/audits/{audit.job.id}", 303)


@router.get("/audits/{number}")
def audit_page(request: Request, caller: Known, number: int) -> Response:
    """An audit: live while it runs, with its verdict and report when it has ended."""
    site = site_of(request)
    audit = seen_audit(site, caller, number)
    may_run = caller.identity.may(audit.dataset.id, Role.MAINTAINER)
    if not audit.is_finished:
        told = events_after(site.store, number, limit=1_000)
        return page(
            request,
            "audit_live.html.j2",
            caller,
            audit=audit,
            stages=[event.body for event in told if event.kind is EventKind.STAGE],
            said=[event for event in told if event.kind in (EventKind.LOG, EventKind.STATE)],
            last_event=told[-1].position if told else 0,
            may_run=may_run,
        )
    run = audit.finished_run
    earlier = run_before(site, run)
    with site.store.reading() as connection:
        since = differences(connection, earlier, run.id) if earlier else None
        newest = only_in(connection, run.id, earlier, limit=10) if earlier else ()
    is_kept = has_report(site, run)
    return page(
        request,
        "audit.html.j2",
        caller,
        audit=audit,
        run=run,
        record=record_of(site, run) if is_kept else None,
        since=since,
        newest=newest,
        report=report_place(site, caller, audit) if is_kept else "",
        messages=messages_of(site.store, [number]),
        may_run=may_run,
    )


@router.post("/audits/{number}/cancel")
def cancel(request: Request, caller: Known, number: int, _: Form) -> Response:
    """Asks an audit to end."""
    cancel_audit(request, caller, number)
    return RedirectResponse(f"/audits/{number}", 303)


@router.get("/audits/{number}/findings")
def findings_page(
    request: Request,
    caller: Known,
    number: int,
    after: Annotated[int, Query(ge=-1, lt=2**31)] = -1,
    check: Annotated[str, Query(max_length=60)] = "",
    severity: Annotated[str, Query(pattern="^(|error|warning|info)$")] = "",
    status: Annotated[str, Query(pattern="^(|open|waived)$")] = "",
) -> Response:
    """The findings of an audit, a page at a time."""
    site = site_of(request)
    audit = seen_audit(site, caller, number)
    run = audit.finished_run
    found = site.runs.page(
        run.id,
        after=after,
        limit=_PAGE + 1,
        check=check or None,
        severity=Severity(severity) if severity else None,
        status=FindingStatus(status) if status else None,
    )
    shown = found[:_PAGE]
    following = request.url.include_query_params(after=shown[-1].position).query if len(found) > _PAGE else ""
    return page(
        request,
        "findings.html.j2",
        caller,
        audit=audit,
        run=run,
        found=shown,
        states=states_of_findings(site, run, shown),
        following=f"?{following}" if following else "",
        filters={"check": check, "severity": severity, "status": status},
        is_first=after == -1,
    )


@router.get("/compare")
def compare_page(
    request: Request,
    caller: Known,
    earlier: Annotated[int, Query(ge=1, lt=2**31)],
    later: Annotated[int, Query(ge=1, lt=2**31)],
    kind: Annotated[str, Query(pattern="^(new|fixed)$")] = "new",
    after: Annotated[int, Query(ge=-1, lt=2**31)] = -1,
) -> Response:
    """What changed from one audit of a dataset to another."""
    site = site_of(request)
    one, other = (seen_audit(site, caller, number) for number in (earlier, later))
    first, second = _of_one_dataset(one, other)
    with site.store.reading() as connection:
        since = differences(connection, first, second)
        runs = (second, first) if kind == "new" else (first, second)
        found = only_in(connection, *runs, after=after, limit=_PAGE + 1)
    shown = found[:_PAGE]
    following = request.url.include_query_params(after=shown[-1].position).query if len(found) > _PAGE else ""
    return page(
        request,
        "compare.html.j2",
        caller,
        dataset=one.dataset,
        earlier=one,
        later=other,
        since=since,
        kind=kind,
        found=shown,
        following=f"/compare?{following}" if following else "",
    )


def _of_one_dataset(one: Audit, other: Audit) -> tuple[str, str]:
    """
    Raises:
        UnknownError: the two are not of one dataset, or one has no findings.
    """
    if one.dataset.id != other.dataset.id:
        raise UnknownError("These are audits of two datasets; there is nothing to compare.")
    return one.finished_run.id, other.finished_run.id
