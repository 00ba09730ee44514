"""Who asks comes in; the page on which findings are given to reviewers, and reviewers are measured, goes out."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from kvqa_audit.errors import KvqaAuditError
from kvqa_audit.release.sample_unit import SAMPLE_SEED, Unit, sample_code
from kvqa_audit.reviews.assigning import candidates, known_things, shares
from kvqa_audit.reviews.queue import Filters, choices
from kvqa_audit.store.access_tables import Role
from kvqa_audit.store.review_tables import ReviewVerdict
from kvqa_audit.web import reviewers as work
from kvqa_audit.web.errors import status_of
from kvqa_audit.web.forms import number_of, one_of, text_of
from kvqa_audit.web.pages.datasets import Form, Known
from kvqa_audit.web.rendering import page
from kvqa_audit.web.reviews import in_few_words, make_sure, measured, seen_desk
from kvqa_audit.web.site import site_of
from kvqa_audit.web.waiting import apart
from kvqa_audit.web.who import Caller

router = APIRouter()
_CANDIDATES = 8
_PATH = "/datasets/{number}/reviewers"


@router.get(_PATH)
def reviewers_page(
    request: Request, caller: Known, number: int, check: Annotated[str, Query(max_length=60)] = ""
) -> Response:
    """Who has been given what, what measures reviewers, and how each fares."""
    return _reviewers(request, caller, number, check)


@router.post(f"{_PATH}/assign")
def assign(request: Request, caller: Known, number: int, form: Form) -> Response:
    """Gives things to somebody, or to nobody."""
    check, source, question = (text_of(form, name).replace("\0", "") for name in ("check", "source", "question"))
    try:
        most = number_of(form, "most", "how many")
        given = work.assign(
            request, caller, number, Filters(check, source, question), text_of(form, "user") or None, most
        )
    except KvqaAuditError as error:
        return _reviewers(request, caller, number, "", error)
    return RedirectResponse(f"/datasets/{number}/reviewers?given={given}", 303)


@router.post(f"{_PATH}/sample")
@apart
def draw_sample(request: Request, caller: Known, number: int, form: Form) -> Response:
    """Puts answers drawn at random into the queue, and planted ones among them."""
    try:
        size, planted = (min(most, number_of(form, name) or 0) for name, most in (("size", 2_000), ("planted", 100)))
        _, drawn = work.draw_sample(request, caller, number, size, planted)
    except KvqaAuditError as error:
        return _reviewers(request, caller, number, "", error)
    return RedirectResponse(f"/datasets/{number}/reviewers?drawn={drawn}#sample", 303)


@router.post(f"{_PATH}/known")
def measure(request: Request, caller: Known, number: int, form: Form) -> Response:
    """Lets a thing measure reviewers, or no more."""
    check, known = text_of(form, "check")[:60], text_of(form, "known")
    try:
        verdict = one_of(ReviewVerdict, known, "right verdict") if known else None
        work.measure_by(request, caller, number_of(form, "thing") or 0, verdict)
    except KvqaAuditError as error:
        return _reviewers(request, caller, number, check, error)
    return RedirectResponse(f"/datasets/{number}/reviewers?check={quote(check)}#known", 303)


def _reviewers(
    request: Request, caller: Caller, number: int, check: str, error: KvqaAuditError | None = None
) -> Response:
    site = site_of(request)
    make_sure(site, caller, number, Role.MAINTAINER)
    desk = seen_desk(site, caller, number)
    return page(
        request,
        "reviewers.html.j2",
        caller,
        status_of(error)[0] if error else 200,
        desk=desk,
        dataset=desk.dataset,
        shares=shares(site.store, number),
        people=work.reviewers(site, number),
        choices=choices(site.store, number),
        known=known_things(site.store, number),
        candidates=candidates(site.store, number, check.replace("\0", ""), _CANDIDATES),
        in_few_words=in_few_words,
        check=check,
        measures=measured(site, caller, number),
        given=_told(request, "given"),
        drawn=_told(request, "drawn"),
        sample_check=sample_code(Unit.ANSWERS, SAMPLE_SEED),
        error=str(error) if error else "",
    )


def _told(request: Request, name: str) -> int | None:
    """The number that the address carries of what was done before."""
    text = request.query_params.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else None
