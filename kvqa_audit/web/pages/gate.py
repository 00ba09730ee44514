"""Who asks comes in; the gate of an audit, with the undecided findings that could still flip it, goes out."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from kvqa_audit.errors import KvqaAuditError
from kvqa_audit.reviews.queue import decided_by
from kvqa_audit.store.access_tables import Role
from kvqa_audit.store.review_rows import review_of
from kvqa_audit.store.review_tables import ItemState
from kvqa_audit.web.audits import has_report, seen_audit
from kvqa_audit.web.deciding import decide_about, decision_fields
from kvqa_audit.web.errors import status_of
from kvqa_audit.web.forms import text_of
from kvqa_audit.web.gate import decided_audit, gate_state, undecided_findings
from kvqa_audit.web.pages.datasets import Form, Known
from kvqa_audit.web.rendering import page
from kvqa_audit.web.reports import report_place
from kvqa_audit.web.reviews import last_run, reviewer
from kvqa_audit.web.site import site_of
from kvqa_audit.web.waiting import apart
from kvqa_audit.web.who import Caller

router = APIRouter()
_PAGE = 25


@router.get("/audits/{number}/gate")
def gate_page(
    request: Request, caller: Known, number: int, after: Annotated[int, Query(ge=-1, lt=2**31)] = -1
) -> Response:
    """What keeps an audit back, and what could still change that."""
    return _gate(request, caller, number, after)


@router.post("/audits/{number}/gate")
@apart
def decide(request: Request, caller: Known, number: int, form: Form) -> Response:
    """Keeps a decision about one finding."""
    try:
        made = decide_about(request, caller, number, text_of(form, "key"), decision_fields(form))
    except KvqaAuditError as error:
        return _gate(request, caller, number, -1, error)
    kept = "" if made.item.state is ItemState.SETTLED else "?kept=open"
    return RedirectResponse(f"/audits/{number}/gate{kept}#undecided", 303)


def _gate(request: Request, caller: Caller, number: int, after: int, error: KvqaAuditError | None = None) -> Response:
    site = site_of(request)
    audit = decided_audit(site, seen_audit(site, caller, number))
    state = gate_state(site, audit)
    found = undecided_findings(site, audit, state, after=after, limit=_PAGE + 1)
    shown = found[:_PAGE]
    with site.store.reading() as connection:
        needed = review_of(connection, audit.dataset.id).needed
    return page(
        request,
        "gate.html.j2",
        caller,
        status_of(error)[0] if error else 200,
        audit=audit,
        run=audit.finished_run,
        state=state,
        found=shown,
        report=report_place(site, caller, audit) if has_report(site, audit.finished_run) else "",
        following=f"/audits/{number}/gate?after={shown[-1].position}#undecided" if len(found) > _PAGE else "",
        may_decide=caller.identity.may(audit.dataset.id, Role.REVIEWER),
        is_last=last_run(site, audit.dataset.id) == audit.finished_run.id,
        needed=needed,
        said=decided_by(site.store, reviewer(caller), audit.dataset.id, [one.finding.key for one in shown]),
        kept=request.query_params.get("kept", ""),
        may_run=caller.identity.may(audit.dataset.id, Role.MAINTAINER),
        today=date.today().isoformat(),
        error=str(error) if error else "",
    )
