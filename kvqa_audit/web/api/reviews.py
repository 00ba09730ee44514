"""Who asks comes in; what is to be reviewed, with its pictures, and what was decided about it, go out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Request, Response
from sqlalchemy import Connection

from kvqa_audit.client import review_records as wire
from kvqa_audit.errors import SpecError
from kvqa_audit.reviews import assigning, deciding, queue
from kvqa_audit.store.access_tables import Role
from kvqa_audit.store.review_records import Item, Words
from kvqa_audit.store.review_rows import decisions_in_force
from kvqa_audit.store.review_tables import ItemState, ReviewVerdict
from kvqa_audit.web import reviewers
from kvqa_audit.web import reviews as work
from kvqa_audit.web.api import review_wire as as_wire
from kvqa_audit.web.api.once import Key
from kvqa_audit.web.api.wire import IfMatch, Number, Reader, Writer, answer, tell_version, version_named
from kvqa_audit.web.datasets import seen_dataset
from kvqa_audit.web.errors import PreconditionError, UnknownError
from kvqa_audit.web.site import Site, site_of
from kvqa_audit.web.waiting import apart
from kvqa_audit.web.who import Caller

router = APIRouter(tags=["review"])
Place = Annotated[int, Path(ge=0, lt=1_000)]
# What others said of these may be seen: nobody decides unseen about them any more.
_TOLD = (ItemState.DISPUTED, ItemState.SETTLED)
_ALL = queue.Filters()
_SIGNATURES = ((b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG\r\n\x1a\n", "image/png"), (b"RIFF", "image/webp"))
_BYTES: dict[int | str, dict[str, Any]] = {
    200: {"content": {"image/webp": {"schema": {"type": "string", "format": "binary"}}}}
}
_FILE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}
}


@router.get("/datasets/{number}/review")
def get_review(request: Request, response: Response, caller: Reader, number: Number) -> wire.Review:
    """How a dataset is reviewed, and how far that is; begins the review of its last run, if nobody did yet."""
    site = site_of(request)
    desk = work.seen_desk(site, caller, number)
    tell_version(response, desk.review.version)
    return as_wire.review(desk, _progress(site, caller, number), queue.choices(site.store, number))


@router.put("/datasets/{number}/review")
def edit_review(
    request: Request,
    response: Response,
    caller: Writer,
    number: Number,
    sent: wire.ReviewEdit,
    if_match: IfMatch = None,
) -> wire.Review:
    """Says how many people decide about each thing."""
    site = site_of(request)
    known = seen_dataset(site, caller, number, Role.MAINTAINER, "write")
    version = version_named(if_match, work.seen_desk(site, caller, number).review.version)
    queue.set_up(site.store, number, version, sent.needed)
    site.log(request, caller.name, "changed the review", known.settings.name, dataset=number, needed=sent.needed)
    return get_review(request, response, caller, number)


@router.post("/datasets/{number}/review/next", response_model=wire.ReviewBatch)
def next_items(request: Request, caller: Writer, number: Number, sent: wire.ReviewNext) -> Response:
    """What somebody decides about next; a reviewer holds it for some minutes, so that others get other things."""
    site = site_of(request)
    work.make_sure(site, caller, number)
    filters = _filters(site_of(request), caller, number, sent.filters)
    who, holds = work.reviewer(caller), work.may_review(caller, number)
    found = queue.next_items(site.store, who, number, filters, holding=sent.holding, limit=sent.limit, hold=holds)
    bodies = _bodies(site, number, found)
    with site.store.reading() as connection:
        told = _told(connection, found, bodies)
        done = queue.progress(connection, who, number, filters, site.store.about_now(connection))
    return answer(wire.ReviewBatch(items=told, progress=as_wire.progress(done)))


@router.get("/review/items/{number}")
def get_item(request: Request, response: Response, caller: Reader, number: Number) -> wire.ReviewItem:
    """One thing to decide about."""
    site = site_of(request)
    one = work.seen_item(site, caller, number)
    tell_version(response, one.version)
    bodies = _bodies(site, one.dataset, [one])
    with site.store.reading() as connection:
        return _told(connection, [one], bodies)[0]


@router.post("/review/items/{number}/decisions", status_code=201, response_model=wire.ReviewKept)
def decide(
    request: Request,
    caller: Writer,
    number: Number,
    sent: wire.ReviewWords,
    key: Key = None,
    if_match: IfMatch = None,
) -> Response:
    """Keeps what somebody says about a thing, signed with their name; the same key keeps it once."""
    site = site_of(request)
    words = _words(site, caller, number, sent)

    def allowed(one: Item) -> None:
        work.make_sure(site, caller, one.dataset, Role.REVIEWER)

    made = deciding.decide(site.store, work.reviewer(caller), number, _version(if_match), words, _key(key), allowed)
    _write_soon(site, made)
    told = wire.ReviewKept(decision=made.decision.id, state=as_wire.state_of(made.item), again=made.again)
    return answer(told, 201)


@router.post("/review/items/{number}/skip", status_code=204)
def skip(request: Request, caller: Writer, number: Number) -> None:
    """Puts a thing off: whoever skipped it gets all others first."""
    site = site_of(request)
    work.seen_item(site, caller, number, Role.REVIEWER)
    deciding.skip(site.store, work.reviewer(caller), number)


@router.post("/datasets/{number}/review/undo")
def undo(request: Request, caller: Writer, number: Number) -> wire.ReviewUndone:
    """Takes back what somebody said last; what was said in one step goes in one step."""
    site = site_of(request)
    known = seen_dataset(site, caller, number, Role.REVIEWER, "write")
    found = deciding.undo(site.store, work.reviewer(caller), number)
    site.log(request, caller.name, "took back", known.settings.name, dataset=number, things=len(found))
    site.writer.soon(number)
    return wire.ReviewUndone(items=[one.id for one in found])


@router.post("/datasets/{number}/review/preview")
def preview(request: Request, caller: Writer, number: Number, sent: wire.ReviewFilters) -> wire.ReviewPreview:
    """What would be decided at once, at most 5,000 things; their versions make sure that nothing else is."""
    site, who = site_of(request), work.reviewer(caller)
    seen_dataset(site, caller, number, Role.REVIEWER, "write")
    filters = _filters(site, caller, number, sent)
    found = queue.matching(site.store, who, number, filters, deciding.MAX_BULK)
    return as_wire.preview(found, _progress(site, caller, number, filters).settled)


@router.post("/datasets/{number}/review/bulk", status_code=201)
def bulk(
    request: Request, caller: Writer, number: Number, sent: wire.ReviewBulk, key: Key = None
) -> wire.ReviewManyKept:
    """Says the same about many things in one step; those that could not be decided are named, with the reason."""
    site = site_of(request)
    known = seen_dataset(site, caller, number, Role.REVIEWER, "write")
    if sent.words.answer is not None:
        raise SpecError("answer: many things are not put right at once; correct them one by one")
    words = work.words_of(sent.words.verdict, sent.words.reason, {}, until=sent.words.until)
    wanted = [(one.id, one.version) for one in sent.seen]
    kept, refused = deciding.decide_many(site.store, work.reviewer(caller), number, wanted, words, _key(key))
    about = {"dataset": number, "verdict": sent.words.verdict, "kept": len(kept), "refused": len(refused)}
    site.log(request, caller.name, "decided many", known.settings.name, **about)
    site.writer.soon(number)
    told = [wire.ReviewRefused(id=one.item, reason=one.reason) for one in refused]
    return wire.ReviewManyKept(kept=len(kept), refused=told)


@router.post("/datasets/{number}/review/assign")
def assign(request: Request, caller: Writer, number: Number, sent: wire.ReviewAssign) -> wire.ReviewAssigned:
    """Gives things to somebody, or to nobody; they see them with the filter `mine`, others go on seeing them."""
    filters = _filters(site_of(request), caller, number, sent.filters)
    return wire.ReviewAssigned(things=reviewers.assign(request, caller, number, filters, sent.user, sent.most))


@router.get("/datasets/{number}/review/shares")
def get_shares(request: Request, caller: Reader, number: Number) -> wire.ReviewShares:
    """Who has been given what."""
    site = site_of(request)
    work.make_sure(site, caller, number, Role.MAINTAINER)
    told = [wire.ReviewShare(**asdict(one)) for one in assigning.shares(site.store, number)]
    return wire.ReviewShares(shares=told)


@router.post("/datasets/{number}/review/sample")
@apart
def draw_sample(request: Request, caller: Writer, number: Number, sent: wire.ReviewSample) -> wire.ReviewDrawn:
    """Puts answers drawn at random into the queue, and planted wrong ones among them that measure reviewers.

    Asked for again, it goes on in the same order: so 50 and later 200 are both random samples.
    """
    check, things = reviewers.draw_sample(request, caller, number, sent.size, sent.planted)
    return wire.ReviewDrawn(check=check, things=things)


@router.put("/review/items/{number}/known", status_code=204)
def measure(request: Request, caller: Writer, number: Number, sent: wire.ReviewMeasure) -> None:
    """Lets a thing measure reviewers: everybody gets it once, and what they say is never written to the dataset."""
    reviewers.measure_by(request, caller, number, None if sent.known is None else ReviewVerdict(sent.known))


@router.get("/datasets/{number}/review/known")
def get_known(request: Request, caller: Reader, number: Number) -> wire.ReviewKnownThings:
    """What measures the reviewers, with the answers: for who maintains the dataset."""
    site = site_of(request)
    work.make_sure(site, caller, number, Role.MAINTAINER)
    return wire.ReviewKnownThings(things=[as_wire.known(one) for one in assigning.known_things(site.store, number)])


@router.get("/datasets/{number}/review/learnt")
def get_learnt(request: Request, caller: Reader, number: Number) -> wire.ReviewLearnt:
    """How often each check is right and how much of the dataset is wrong, as the last run reckoned from decisions."""
    return as_wire.learnt(reviewers.learnt(site_of(request), caller, number))


@router.get("/datasets/{number}/review/agreement")
def get_agreement(request: Request, caller: Reader, number: Number) -> wire.ReviewMeasures:
    """How reviewers agree where nobody saw what the others said, and how often each is right about known things."""
    return as_wire.measures(work.measured(site_of(request), caller, number))


@router.post("/datasets/{number}/review/merge")
def merge(request: Request, caller: Writer, number: Number, sent: wire.ReviewMerge) -> wire.ReviewMerged:
    """Merges a decisions file that was kept elsewhere; where both disagree, nothing is changed, and it is said."""
    return as_wire.merged(work.merged(request, caller, number, sent.theirs, sent.base))


@router.get("/datasets/{number}/review/decisions.yaml", response_model=None, responses=_FILE)
def get_decisions(request: Request, caller: Reader, number: Number) -> Response:
    """All decisions of a dataset, as its decisions.yaml has them."""
    headers = {"Content-Disposition": 'attachment; filename="decisions.yaml"'}
    text = work.exported(request, caller, number)
    return Response(text.encode("utf-8", "backslashreplace"), media_type="application/octet-stream", headers=headers)


@router.get("/review/items/{number}/pictures/{place}", response_model=None, responses=_BYTES)
@apart
def get_picture(request: Request, caller: Reader, number: Number, place: Place) -> Response:
    """A picture of a thing, encoded anew."""
    return _picture(work.picture(site_of(request), caller, number, place))


@router.get("/review/items/{number}/pairs/{place}/{side}", response_model=None, responses=_BYTES)
@apart
def get_pair_picture(
    request: Request, caller: Reader, number: Number, place: Place, side: Literal["left", "right"]
) -> Response:
    """A picture of a pair, the right one as it lies on the left one."""
    return _picture(work.pair_part(site_of(request), caller, number, place, ("left", "right").index(side)))


@router.get("/review/items/{number}/pairs/{place}")
@apart
def get_pair(request: Request, caller: Reader, number: Number, place: Place) -> wire.ReviewPair:
    """How a pair lies on each other."""
    return wire.ReviewPair(**json.loads(work.pair_part(site_of(request), caller, number, place, 2)))


def _picture(content: bytes) -> Response:
    for signature, kind in _SIGNATURES:
        if content.startswith(signature):
            return Response(content, media_type=kind, headers={"Cache-Control": "private, max-age=3600"})
    raise UnknownError(content.decode(errors="replace") or "There is no such picture.")


def _filters(site: Site, caller: Caller, number: int, sent: wire.ReviewFilters) -> queue.Filters:
    assignee = caller.identity.user.id if sent.mine else None
    if sent.assignee:
        assignee = reviewers.assignee(site, caller, number, sent.assignee)
    return as_wire.filters_of(sent, assignee)


def _bodies(site: Site, number: int, found: Sequence[Item]) -> dict[int, dict[str, Any]]:
    """The sheets of things of a dataset; their pictures are begun to be drawn."""
    bodies = {one.id: work.sheet(site, one) for one in found}
    work.draw_ahead(site, number, [(one.run, bodies[one.id]) for one in found])
    return bodies


def _told(connection: Connection, found: Sequence[Item], bodies: Mapping[int, Any]) -> list[wire.ReviewItem]:
    told = {one.id: decisions_in_force(connection, one) for one in found if one.state in _TOLD}
    alike = queue.similar(connection, found)
    return [as_wire.item(one, bodies[one.id], told.get(one.id, ()), alike[one.id]) for one in found]


def _progress(site: Site, caller: Caller, number: int, filters: queue.Filters = _ALL) -> queue.Progress:
    with site.store.reading() as connection:
        now = site.store.about_now(connection)
        return queue.progress(connection, work.reviewer(caller), number, filters, now)


def _words(site: Site, caller: Caller, number: int, sent: wire.ReviewWords) -> Words:
    """What is sent; only the right answer is held against what the thing is about."""
    body = {}
    if sent.answer is not None:
        body = work.sheet(site, work.seen_item(site, caller, number, Role.REVIEWER))
    return work.words_of(sent.verdict, sent.reason, body, until=sent.until, target=sent.target, answer=sent.answer)


def _write_soon(site: Site, made: deciding.Kept) -> None:
    if made.item.state is ItemState.SETTLED:
        site.writer.soon(made.item.dataset)


def _key(key: str | None) -> str:
    """
    Raises:
        PreconditionError: there is none.
    """
    if key is None:
        raise PreconditionError("Name the decision by Idempotency-Key, so that it is kept once.", 428)
    return key


def _version(if_match: str | None) -> int:
    """The version that If-Match names; what it is compared with is known when the decision is kept.

    Raises:
        PreconditionError: it names none.
    """
    text = (if_match or "").strip().strip('"')
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise PreconditionError("Name the version that you saw, by If-Match with its ETag.", 428)
    return int(text)
