"""Who asks comes in; audits, their findings, gates, files and events go out."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Query, Request, Response
from fastapi.responses import PlainTextResponse

from kvqa_audit.client import records as wire
from kvqa_audit.jobs.queue import history
from kvqa_audit.model import FindingStatus, Severity
from kvqa_audit.store.differences import differences
from kvqa_audit.store.job_records import Cause
from kvqa_audit.store.review_tables import ReviewVerdict
from kvqa_audit.web.api import wire as as_wire
from kvqa_audit.web.api.once import Key, once
from kvqa_audit.web.api.wire import Cursor, Limit, Number, Reader, Writer, number_at, page_of
from kvqa_audit.web.audits import cancel_audit, folder_of, seen_audit, start_audit, states_of_findings
from kvqa_audit.web.datasets import seen_dataset
from kvqa_audit.web.deciding import decide_about, said
from kvqa_audit.web.errors import UnknownError
from kvqa_audit.web.events import EventStream, event_stream
from kvqa_audit.web.gate import decided_audit, gate_state, undecided_findings
from kvqa_audit.web.reports import file_answer
from kvqa_audit.web.site import site_of
from kvqa_audit.web.waiting import apart

router = APIRouter(tags=["runs"])
_LAST = 2**31 - 1
STARTED: dict[int | str, dict[str, Any]] = {202: {"headers": {"Location": {"schema": {"type": "string"}}}}}


@router.get("/datasets/{number}/runs")
def list_runs(
    request: Request, caller: Reader, number: Number, cursor: Cursor = None, limit: Limit = 50
) -> wire.Page[wire.Run]:
    """The audits of a dataset, latest first."""
    site = site_of(request)
    found = seen_dataset(site, caller, number)
    lines = history(site.store, found.id, before=number_at(cursor, _LAST), limit=limit + 1)
    return page_of([as_wire.run(job, one) for job, one in lines], limit, [job.id for job, _ in lines])


@router.post("/datasets/{number}/runs", status_code=202, response_model=wire.Run, responses=STARTED)
def start_run(request: Request, caller: Writer, number: Number, key: Key = None) -> Response:
    """Starts an audit now."""

    def made() -> tuple[int, wire.Run, dict[str, str]]:
        job = start_audit(request, caller, number, Cause.API, key)
        return 202, as_wire.run(job, None), {"Location": f"/api/v1/runs/{job.id}"}

    return once(request, caller, key, None, made)


@router.get("/runs/{number}")
def get_run(request: Request, caller: Reader, number: Number) -> wire.Run:
    """One audit."""
    audit = seen_audit(site_of(request), caller, number)
    return as_wire.run(audit.job, audit.run)


@router.post("/runs/{number}/cancel")
def cancel_run(request: Request, caller: Writer, number: Number) -> wire.Run:
    """Ends an audit that waits, or asks its worker to end it."""
    return as_wire.run(cancel_audit(request, caller, number), None)


@router.get(
    "/runs/{number}/events",
    status_code=200,
    response_class=PlainTextResponse,
    response_model=None,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
def run_events(
    request: Request,
    caller: Reader,
    number: Number,
    last_event_id: Annotated[str, Header(max_length=20)] = "",
    after: Annotated[int, Query(ge=0, lt=2**31)] = 0,
) -> EventStream:
    """The events of an audit as they happen (server-sent events), behind the last one that was seen."""
    return event_stream(request, caller, number, last_event_id, after)


@router.get("/runs/{number}/findings")
def list_findings(
    request: Request,
    caller: Reader,
    number: Number,
    cursor: Cursor = None,
    limit: Limit = 50,
    check: Annotated[str | None, Query(max_length=60)] = None,
    severity: Severity | None = None,
    status: FindingStatus | None = None,
) -> wire.Page[wire.Finding]:
    """The findings of a finished audit."""
    site = site_of(request)
    audit = seen_audit(site, caller, number)
    filters = {"check": None if check is None else check.replace("\0", ""), "severity": severity, "status": status}
    run, after = audit.finished_run, number_at(cursor, -1)
    found = site.runs.page(run.id, after=after, limit=limit + 1, **filters)  # type: ignore[arg-type]
    states = states_of_findings(site, run, found)
    told = [as_wire.finding(one, states[one.finding.key]) for one in found]
    return page_of(told, limit, [one.position for one in found])


@router.get("/runs/{number}/gate")
def get_gate(request: Request, caller: Reader, number: Number) -> wire.Gate:
    """The verdict of a finished audit, and what decisions could still change."""
    site = site_of(request)
    audit = decided_audit(site, seen_audit(site, caller, number))
    state = gate_state(site, audit)
    outlook = state.outlook
    checks = [
        wire.GateCheck(
            code=one.code,
            reason=one.reason,
            blocking=len(one.keys),
            tolerated=one.tolerated,
            waived=len(one.waived),
            confirmed=len(one.confirmed),
            undecided=len(one.undecided),
            can_flip=one.can_flip,
        )
        for one in outlook.blockers
    ]
    return wire.Gate(
        run=number,
        ready=state.record.ready,
        exit_code=audit.finished_run.exit_code or 0,
        sentence=state.record.sentence,
        reasons=list(state.record.reasons),
        outlook=outlook.sentence,
        could_be_ready=outlook.could_be_ready,
        fixed_reasons=list(outlook.fixed_reasons),
        checks=checks,
    )


@router.get("/runs/{number}/undecided")
def list_undecided(
    request: Request, caller: Reader, number: Number, cursor: Cursor = None, limit: Limit = 50
) -> wire.Page[wire.Finding]:
    """The findings that keep the version back, that nobody decided about."""
    site = site_of(request)
    audit = decided_audit(site, seen_audit(site, caller, number))
    state = gate_state(site, audit)
    found = undecided_findings(site, audit, state, after=number_at(cursor, -1), limit=limit + 1)
    states = states_of_findings(site, audit.finished_run, found)
    told = [as_wire.finding(one, states[one.finding.key]) for one in found]
    return page_of(told, limit, [one.position for one in found])


@router.post("/runs/{number}/decisions", status_code=201, response_model=wire.DecisionEdit)
@apart
def decide(request: Request, caller: Writer, number: Number, sent: wire.DecisionEdit, key: Key = None) -> Response:
    """Keeps a decision about a finding, signed with the caller's name."""

    def made() -> tuple[int, wire.DecisionEdit, dict[str, str]]:
        words = said(ReviewVerdict(sent.verdict), sent.reason, sent.expires)
        decide_about(request, caller, number, sent.key, words)
        return 201, sent, {}

    return once(request, caller, key, sent, made)


@router.get("/runs/{number}/changes")
def get_changes(
    request: Request,
    caller: Reader,
    number: Number,
    since: Annotated[int, Query(ge=1, lt=2**31, description="the earlier run")],
) -> wire.Changes:
    """What changed from an earlier audit of the same dataset."""
    site = site_of(request)
    earlier, later = (seen_audit(site, caller, one) for one in (since, number))
    if earlier.dataset.id != later.dataset.id:
        raise UnknownError("These are audits of two datasets; there is nothing to compare.")
    with site.store.reading() as connection:
        told = differences(connection, earlier.finished_run.id, later.finished_run.id)
    numbers = {name: getattr(told, name) for name in ("new", "fixed", "both")}
    return wire.Changes(earlier=since, later=number, **numbers, unjudged=list(told.unjudged))


@router.get(
    "/runs/{number}/files/{name}",
    response_model=None,
    responses={200: {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}},
)
def get_file(request: Request, caller: Reader, number: Number, name: Annotated[str, Path(max_length=150)]) -> Response:
    """A file of a finished audit, such as findings.csv, audit.json or report.html."""
    site = site_of(request)
    audit = seen_audit(site, caller, number)
    return file_answer(folder_of(site, audit.finished_run), name)
