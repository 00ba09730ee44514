"""Who asks comes in; the page on which findings are reviewed goes out, and the one that tells how reviewers agree."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from kvqa_audit.errors import KvqaAuditError
from kvqa_audit.release.merging import Merged
from kvqa_audit.store.access_tables import Role
from kvqa_audit.web.datasets import seen_dataset
from kvqa_audit.web.errors import status_of
from kvqa_audit.web.forms import text_of
from kvqa_audit.web.pages.datasets import Form, Known
from kvqa_audit.web.rendering import page
from kvqa_audit.web.reviewers import learnt, reviewers
from kvqa_audit.web.reviews import conflict_in_words, may_review, measured, merged, seen_desk
from kvqa_audit.web.site import site_of
from kvqa_audit.web.who import Caller

router = APIRouter()


@router.get("/datasets/{number}/review")
def review_page(request: Request, caller: Known, number: int) -> Response:
    """The review of the last finished run of a dataset."""
    desk = seen_desk(site_of(request), caller, number)
    maintains = caller.identity.may(number, Role.MAINTAINER)
    return page(
        request,
        "review.html.j2",
        caller,
        desk=desk,
        dataset=desk.dataset,
        may_decide=may_review(caller, number),
        may_set_up=maintains,
        reviewers=reviewers(site_of(request), number) if maintains else (),
    )


@router.get("/datasets/{number}/review/agreement")
def agreement_page(request: Request, caller: Known, number: int) -> Response:
    """How the reviewers of a dataset agree, and a form that merges decisions which were kept elsewhere."""
    return _agreement(request, caller, number)


@router.post("/datasets/{number}/review/agreement")
def merge(request: Request, caller: Known, number: int, form: Form) -> Response:
    """Merges a decisions file into those of the dataset, unless both disagree."""
    typed, base = text_of(form, "theirs"), text_of(form, "base").lstrip("\n")
    try:
        told = merged(request, caller, number, typed, base)
    except KvqaAuditError as error:
        return _agreement(request, caller, number, typed, base, error=error)
    kept = (typed, base) if told.conflicts else ("", "")
    return _agreement(request, caller, number, *kept, told)


def _agreement(
    request: Request,
    caller: Caller,
    number: int,
    typed: str = "",
    base: str = "",
    told: Merged | None = None,
    error: KvqaAuditError | None = None,
) -> Response:
    site = site_of(request)
    return page(
        request,
        "agreement.html.j2",
        caller,
        status_of(error)[0] if error else 409 if told and told.conflicts else 200,
        measures=measured(site, caller, number),
        learnt=learnt(site, caller, number),
        dataset=seen_dataset(site, caller, number),
        typed=typed,
        base=base,
        told=told,
        conflicts=[conflict_in_words(one) for one in told.conflicts] if told else [],
        error=str(error) if error else "",
    )
