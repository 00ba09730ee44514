"""Who reviews and what they want to see come in; what they decide about next, and how far the review is, go out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

from sqlalchemy import ColumnElement, Connection, delete, exists, func, insert, literal, select, union_all, update

from kvqa_audit.errors import ConflictError
from kvqa_audit.jobs.job_store import JobStore
from kvqa_audit.reviews.deciding import LOCK, Reviewer, settle
from kvqa_audit.store.review_records import Item, Review, ReviewDecision
from kvqa_audit.store.review_rows import decisions, items, review_of
from kvqa_audit.store.review_tables import (
    REVIEW_DECISIONS,
    REVIEW_ITEMS,
    REVIEW_LOCKS,
    REVIEW_SKIPS,
    REVIEWS,
    ItemState,
)

SIMILAR, ALIKE, RECENT = 5, 12, 40
# Who has not decided for so long was away.
_AWAY = timedelta(minutes=5)
WAITING = (ItemState.OPEN, ItemState.DISPUTED, ItemState.KNOWN)


@dataclass(frozen=True, slots=True)
class Filters:
    """What somebody wants to see; "" or None wants all. `blocking_first` puts first what keeps the version back."""

    check: str = ""
    source: str = ""
    question: str = ""
    answer: str = ""
    state: ItemState | None = None
    assignee: int | None = None
    blocking_first: bool = False

    def conditions(self) -> list[ColumnElement[bool]]:
        c = REVIEW_ITEMS.c
        texts = {c.check: self.check, c.source: self.source, c.question: self.question, c.answer: self.answer}
        of = [column == text for column, text in texts.items() if text]
        of += [] if self.state is None else [c.state == self.state]
        return of + ([] if self.assignee is None else [c.assignee == self.assignee])


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a review is.

    Attributes:
        settled, open, disputed: how many things of the run.
        mine: how many this person decided about, and did not take back.
        for_me: how many wait for this person.
        seconds_each: the median time between decisions of this person; None where there are too few.
    """

    settled: int
    open: int
    disputed: int
    mine: int
    for_me: int
    seconds_each: float | None

    @property
    def total(self) -> int:
        return self.settled + self.open + self.disputed


def next_items(
    store: JobStore,
    who: Reviewer,
    dataset: int,
    filters: Filters,
    *,
    holding: Collection[int] = (),
    limit: int = 6,
    hold: bool = True,
) -> tuple[Item, ...]:
    """What somebody decides about next, the weightiest first, and tells others that they are at it.

    What they put off comes behind all else, and what others look at comes last of all.

    Args:
        store: where.
        who: the reviewer.
        dataset: its id.
        filters: what they want to see.
        holding: what they have before them already.
        limit: how many at most.
        hold: who only looks holds nothing.
    """
    found: list[Item] = []
    with store.writing() as connection:
        # Two who ask at once would be given the same.
        review, now = review_of(connection, dataset, lock=True), store.clock(connection)
        if review.run is None:
            return ()
        for tier in _tiers(who, review, filters, now):
            of = [REVIEW_ITEMS.c.id.not_in([*holding, *(one.id for one in found)]), *filters.conditions(), *tier]
            found += _weightiest(connection, of, limit - len(found))
            if len(found) >= limit:
                break
        if hold:
            _hold(connection, who, [*(one.id for one in found), *holding], now)
    return tuple(found)


def progress(connection: Connection, who: Reviewer, dataset: int, filters: Filters, now: datetime) -> Progress:
    """How far the review of what somebody wants to see is."""
    c, d = REVIEW_ITEMS.c, REVIEW_DECISIONS.c
    run = select(REVIEWS.c.run).where(REVIEWS.c.dataset == dataset).scalar_subquery()
    of = [c.dataset == dataset, c.run == run, *filters.conditions()]
    rows = connection.execute(select(c.state, func.count()).where(*of).group_by(c.state)).all()
    numbers = {ItemState(state): number for state, number in rows}
    mine = [d.dataset == dataset, d.user == who.id, d.undone_at.is_(None)]
    decided = select(func.count()).select_from(REVIEW_DECISIONS).where(*mine).scalar_subquery()
    # What this person decided and others still have to: mostly little, so that it is counted from its side.
    still = [*of, c.state.in_(WAITING), c.decided > 0, d.item == c.id, d.round == c.round]
    done = select(func.count()).select_from(REVIEW_ITEMS, REVIEW_DECISIONS).where(*still, *mine).scalar_subquery()
    number, over = connection.execute(select(decided, done)).one()
    waiting = sum(numbers.get(state, 0) for state in WAITING) - over
    last = connection.execute(select(d.batch, d.at).where(*mine).order_by(d.id.desc()).limit(RECENT)).all()
    told = {state.value: numbers.get(state, 0) for state in (ItemState.SETTLED, ItemState.OPEN, ItemState.DISPUTED)}
    return Progress(**told, mine=number, for_me=waiting, seconds_each=_seconds_each(dict(map(tuple, last)), now))


def matching(store: JobStore, who: Reviewer, dataset: int, filters: Filters, limit: int) -> tuple[Item, ...]:
    """What somebody could decide about at once: all that waits for them, but for what measures them."""
    c = REVIEW_ITEMS.c
    with store.reading() as connection:
        review = review_of(connection, dataset)
        of = [c.dataset == dataset, c.run == (review.run or ""), c.state.in_((ItemState.OPEN, ItemState.DISPUTED))]
        return items(connection, *of, ~_decided_by(who), *filters.conditions(), limit=limit)


def choices(store: JobStore, dataset: int) -> dict[str, list[tuple[str, int]]]:
    """What a queue can be filtered by: for check, source and question the words, with how many things wait there."""
    c = REVIEW_ITEMS.c
    told: dict[str, list[tuple[str, int]]] = {}
    with store.reading() as connection:
        run = review_of(connection, dataset).run or ""
        of = (c.dataset == dataset, c.run == run, c.state != ItemState.SETTLED)
        for column in (c.check, c.source, c.question):
            counted = select(column, func.count()).where(*of, column != "").group_by(column).order_by(column).limit(200)
            told[column.name] = [(word, number) for word, number in connection.execute(counted)]
    return told


def decided_by(store: JobStore, who: Reviewer, dataset: int, findings: Collection[str]) -> frozenset[str]:
    """Of these findings' keys, those of things that somebody decided about already, whether it is settled or not."""
    c = REVIEW_ITEMS.c
    with store.reading() as connection:
        of = (c.dataset == dataset, c.key.in_(findings), _decided_by(who))
        return frozenset(connection.execute(select(c.key).where(*of)).scalars())


def similar(connection: Connection, wanted: Iterable[Item]) -> dict[int, tuple[tuple[ReviewDecision, Item], ...]]:
    """What was said last about other settled things of the same check: the same question and answer first."""
    c, wanted = REVIEW_ITEMS.c, tuple(wanted)
    told: dict[int, tuple[tuple[ReviewDecision, Item], ...]] = {}
    for dataset, check in {(one.dataset, one.check) for one in wanted}:
        of = (c.dataset == dataset, c.check == check, c.state == ItemState.SETTLED, c.settled_by.is_not(None))
        known = {one.settled_by: one for one in items(connection, *of, order=c.settled_by.desc(), limit=ALIKE)}
        said = decisions(connection, REVIEW_DECISIONS.c.id.in_(known), latest_first=True) if known else ()
        for one in wanted:
            if (one.dataset, one.check) == (dataset, check):
                others = [(other, known[other.id]) for other in said if other.item != one.id]
                alike = sorted(others, key=lambda two: (two[1].question, two[1].answer) != (one.question, one.answer))
                told[one.id] = tuple(alike[:SIMILAR])
    return told


def set_up(store: JobStore, dataset: int, version: int, needed: int) -> Review:
    """Says how many people decide about each thing; what is decided already stays so.

    Raises:
        ConflictError: somebody else said so since this version.
    """
    with store.writing() as connection:
        known = review_of(connection, dataset)
        if known.version != version:
            raise ConflictError("somebody changed how this dataset is reviewed since; look at it again")
        values = {"needed": needed, "version": version + 1}
        if connection.execute(select(REVIEWS.c.dataset).where(REVIEWS.c.dataset == dataset)).first() is None:
            connection.execute(insert(REVIEWS), {"dataset": dataset, **values})
        connection.execute(update(REVIEWS).where(REVIEWS.c.dataset == dataset).values(**values))
        c = REVIEW_ITEMS.c
        waits = c.state.in_((ItemState.OPEN, ItemState.DISPUTED))
        for one in items(connection, c.dataset == dataset, c.decided > 0, waits):
            settle(connection, one)
        return review_of(connection, dataset)


def _weightiest(connection: Connection, of: Sequence[ColumnElement[bool]], limit: int) -> tuple[Item, ...]:
    """The first items of these conditions, by weight: for each state an index gives them without looking at all."""
    c = REVIEW_ITEMS.c
    order = (c.weight.desc(), c.id.desc())
    first = (select(c.id).where(*of, c.state == state).order_by(*order).limit(limit).subquery() for state in WAITING)
    ids = union_all(*(select(one.c.id) for one in first))
    return items(connection, c.id.in_(ids), order=order)[:limit]


def _tiers(who: Reviewer, review: Review, filters: Filters, now: datetime) -> Iterator[list[ColumnElement[bool]]]:
    """Conditions, the most wanted first; together they hold for all that waits for this person."""
    c = REVIEW_ITEMS.c
    waits = [c.dataset == review.dataset, c.run == review.run, ~_decided_by(who)]
    skipped = exists().where(REVIEW_SKIPS.c.item == c.id, REVIEW_SKIPS.c.user == who.id)
    lock = REVIEW_LOCKS.c
    others = (
        select(func.count())
        .select_from(REVIEW_LOCKS)
        .where(lock.item == c.id, lock.user != who.id, lock.until > now)
        .scalar_subquery()
    )
    places = review.needed - c.decided
    free = ((c.state == ItemState.OPEN) & (others < places)) | (c.state == ItemState.KNOWN)
    free = free | ((c.state == ItemState.DISPUTED) & (others == 0))
    if filters.blocking_first:
        yield [*waits, free, ~skipped, c.blocks.is_(True)]
    yield [*waits, free, ~skipped]
    yield [*waits, free]
    yield waits


def _decided_by(who: Reviewer) -> ColumnElement[bool]:
    c, d = REVIEW_ITEMS.c, REVIEW_DECISIONS.c
    return exists().where(d.item == c.id, d.user == who.id, d.round == c.round, d.undone_at.is_(None))


def _hold(connection: Connection, who: Reviewer, numbers: Collection[int], now: datetime) -> None:
    lock = REVIEW_LOCKS.c
    over = (lock.user == who.id) & (lock.until < now)
    connection.execute(delete(REVIEW_LOCKS).where(over | ((lock.user == who.id) & lock.item.in_(numbers))))
    until = literal(now + LOCK, lock.until.type)
    there = select(REVIEW_ITEMS.c.id, literal(who.id), until).where(REVIEW_ITEMS.c.id.in_(numbers))
    connection.execute(insert(REVIEW_LOCKS).from_select(["item", "user", "until"], there))


def _seconds_each(last: Mapping[str, datetime], now: datetime) -> float | None:
    """The median time between the last decisions, each step once, without breaks."""
    times = sorted(last.values())
    gaps = [later - earlier for earlier, later in pairwise(times) if later - earlier < _AWAY]
    return median(gap.total_seconds() for gap in gaps) if len(gaps) >= 3 and now - times[-1] < 100 * _AWAY else None
