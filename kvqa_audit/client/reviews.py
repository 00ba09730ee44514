"""The review of one dataset of a service comes in; what is to be decided there, and what was, goes out as records."""

from __future__ import annotations

from kvqa_audit.client.connection import Connection
from kvqa_audit.client.review_records import (
    Review,
    ReviewAssign,
    ReviewAssigned,
    ReviewBatch,
    ReviewBulk,
    ReviewDrawn,
    ReviewEdit,
    ReviewFilters,
    ReviewItem,
    ReviewKept,
    ReviewKnown,
    ReviewKnownThings,
    ReviewLearnt,
    ReviewManyKept,
    ReviewMeasure,
    ReviewMeasures,
    ReviewMerge,
    ReviewMerged,
    ReviewNext,
    ReviewPreview,
    ReviewSample,
    ReviewShare,
    ReviewShares,
    ReviewUndone,
    ReviewWords,
    Verdict,
)

_ALL = ReviewFilters()


class DatasetReview:
    """The review of one dataset, as the user of a token sees it; made by `Client.review`.

    Whatever the service refuses is a `ServiceError` with the status of its answer: 403 without the role, 409 where a
    thing was settled meanwhile, 412 where it changed since it was read, 422 where something cannot be.
    """

    def __init__(self, service: Connection, dataset: int) -> None:
        self._service, self._path = service, f"datasets/{dataset}/review"

    def state(self) -> Review:
        """How the dataset is reviewed, and how far that is; `state` says whether its last run is laid out yet."""
        return self._service.get(Review, self._path)

    def set_needed(self, seen: Review, needed: int) -> Review:
        """Says how many people decide about each thing, if nobody else did since `seen`."""
        return self._service.put(Review, self._path, ReviewEdit(needed=needed), seen.version)

    def next(self, filters: ReviewFilters = _ALL, *, holding: tuple[int, ...] = (), limit: int = 6) -> ReviewBatch:
        """What one decides about next; things with the ids `holding` one has already."""
        wanted = ReviewNext(filters=filters, holding=holding, limit=limit)
        return self._service.post(ReviewBatch, f"{self._path}/next", wanted)

    def item(self, number: int) -> ReviewItem:
        """One thing to decide about."""
        return self._service.get(ReviewItem, f"review/items/{number}")

    def decide(self, item: ReviewItem, words: ReviewWords) -> ReviewKept:
        """Keeps what one says about a thing as it was seen, once, however often it has to be sent."""
        return self._service.post(ReviewKept, f"review/items/{item.id}/decisions", words, version=item.version)

    def skip(self, item: ReviewItem) -> None:
        """Puts a thing off behind all others."""
        self._service.send("POST", f"review/items/{item.id}/skip")

    def undo(self) -> ReviewUndone:
        """Takes back what one said last; what was said in one step goes in one step."""
        return self._service.read(ReviewUndone, self._service.call("POST", f"{self._path}/undo"))

    def preview(self, filters: ReviewFilters = _ALL) -> ReviewPreview:
        """What would be decided at once, at most 5,000 things, and how many are settled already."""
        return self._service.post(ReviewPreview, f"{self._path}/preview", filters)

    def decide_many(self, seen: ReviewPreview, words: ReviewWords) -> ReviewManyKept:
        """Says the same about all of a preview; those that could not be decided are named, with the reason."""
        return self._service.post(ReviewManyKept, f"{self._path}/bulk", ReviewBulk(seen=seen.seen, words=words))

    def assign(self, user: str | None, filters: ReviewFilters = _ALL, *, most: int | None = None) -> int:
        """Gives things to a user, None to nobody, and says how many; with `most` only what nobody has yet."""
        sent = ReviewAssign(filters=filters, user=user, most=most)
        # Asked for twice it would give twice as many.
        answer = self._service.call("POST", f"{self._path}/assign", json=sent.model_dump(mode="json"))
        return self._service.read(ReviewAssigned, answer).things

    def shares(self) -> list[ReviewShare]:
        """Who has been given what."""
        return self._service.get(ReviewShares, f"{self._path}/shares").shares

    def draw_sample(self, size: int, planted: int = 0) -> ReviewDrawn:
        """Puts answers drawn at random into the queue, and planted wrong ones among them that measure reviewers."""
        return self._service.post(ReviewDrawn, f"{self._path}/sample", ReviewSample(size=size, planted=planted))

    def measure_by(self, item: ReviewItem, known: Verdict | None) -> None:
        """Lets a thing measure reviewers by the verdict that is right; None lets it be a thing like others."""
        self._service.send("PUT", f"review/items/{item.id}/known", ReviewMeasure(known=known))

    def known(self) -> list[ReviewKnown]:
        """What measures reviewers."""
        return self._service.get(ReviewKnownThings, f"{self._path}/known").things

    def measures(self) -> ReviewMeasures:
        """How reviewers agree, and how often each is right about what is known."""
        return self._service.get(ReviewMeasures, f"{self._path}/agreement")

    def learnt(self) -> ReviewLearnt:
        """How often each check is right, and how much of the dataset is wrong, as far as decisions tell."""
        return self._service.get(ReviewLearnt, f"{self._path}/learnt")

    def decisions(self) -> str:
        """All decisions, as the file `decisions.yaml` has them."""
        return self._service.call("GET", f"{self._path}/decisions.yaml").content.decode()

    def merge(self, theirs: str, base: str = "") -> ReviewMerged:
        """Merges a decisions file that was kept elsewhere; `base` is what both began with, such as an earlier export.

        Where there are conflicts, nothing was changed.
        """
        return self._service.post(ReviewMerged, f"{self._path}/merge", ReviewMerge(theirs=theirs, base=base))

    def picture(self, item: ReviewItem, place: int = 0) -> bytes:
        """A picture of a thing, encoded anew; places count from 0."""
        return self._service.call("GET", f"review/items/{item.id}/pictures/{place}").content
