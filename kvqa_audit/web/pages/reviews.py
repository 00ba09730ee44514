"""Who asks comes in; the page on which findings are reviewed one by one goes out: its script asks the API for them."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from kvqa_audit.store.access_tables import Role
from kvqa_audit.web.pages.datasets import Known
from kvqa_audit.web.rendering import page
from kvqa_audit.web.reviews import may_review, seen_desk
from kvqa_audit.web.site import site_of

router = APIRouter()


@router.get("/datasets/{number}/review")
def review_page(request: Request, caller: Known, number: int) -> Response:
    """The review of the last finished run of a dataset."""
    desk = seen_desk(site_of(request), caller, number)
    return page(
        request,
        "review.html.j2",
        caller,
        desk=desk,
        dataset=desk.dataset,
        may_decide=may_review(caller, number),
        may_set_up=caller.identity.may(number, Role.MAINTAINER),
    )
