"""Who reviews and what they want to see come in; what they decide about next, and how far the review is, go out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from kvqa_audit.errors import ConflictError
from kvqa_audit.jobs.job_store import JobStore
from kvqa_audit.reviews.deciding import LOCK, Reviewer, settle
from kvqa_audit.reviews.queue_queries import DECIDED, HOLDS, MINE, SETTLED, STATES, TEXTS, TIERS, WAITING, WANTED
from kvqa_audit.store.cells import fetched
from kvqa_audit.store.review_records import Item, Review, ReviewDecision
from kvqa_audit.store.review_rows import items, review_of
from kvqa_audit.store.review_tables import REVIEW_ITEMS, REVIEWS, ItemState

SIMILAR, ALIKE, RECENT = 5, 12, 40
# Who has not decided for so long was away.
_AWAY = timedelta(minutes=5)


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

    def given(self) -> dict[str, Any]:
        """What the parameters of `WANTED` are."""
        return {f"wanted_{name}": getattr(self, name) for name in (*TEXTS, "state", "assignee")}


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
        review, now = review_of(connection, dataset, lock=True), store.about_now(connection)
        if review.run is None:
            return ()
        given = {"dataset": dataset, "run": review.run, "user": who.id, "now": now, "needed": review.needed}
        for tier in TIERS if filters.blocking_first else TIERS[1:]:
            most, seen = limit - len(found), [*holding, *(one.id for one in found)]
            rows = fetched(connection, tier, **given, **filters.given(), seen=seen, most=most)
            found += [Item(**row) for row in rows[:most]]
            if len(found) >= limit:
                break
        if hold:
            _hold(connection, who, [*(one.id for one in found), *holding], now)
    return tuple(found)


def progress(connection: Connection, who: Reviewer, dataset: int, filters: Filters, now: datetime) -> Progress:
    """How far the review of what somebody wants to see is."""
    given = {"dataset": dataset, "user": who.id}
    rows = connection.execute(STATES, {**given, **filters.given()}).all()
    numbers = {ItemState(state): number for state, number, _ in rows}
    waiting = sum(numbers.get(state, 0) for state in WAITING) - (rows[0][2] if rows else 0)
    last = connection.execute(MINE, {**given, "most": RECENT}).all()
    told = {state.value: numbers.get(state, 0) for state in (ItemState.SETTLED, ItemState.OPEN, ItemState.DISPUTED)}
    times = {batch: at for batch, at, _ in last}
    return Progress(**told, mine=last[0][2] if last else 0, for_me=waiting, seconds_each=_seconds_each(times, now))


def matching(store: JobStore, who: Reviewer, dataset: int, filters: Filters, limit: int) -> tuple[Item, ...]:
    """What somebody could decide about at once: all that waits for them, but for what measures them."""
    c = REVIEW_ITEMS.c
    with store.reading() as connection:
        review = review_of(connection, dataset)
        of = [c.dataset == dataset, c.run == (review.run or ""), c.state.in_((ItemState.OPEN, ItemState.DISPUTED))]
        given = {"user": who.id, **filters.given()}
        return items(connection, *of, ~DECIDED, *WANTED, limit=limit, **given)


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
        of = (c.dataset == dataset, c.key.in_(findings), DECIDED)
        return frozenset(connection.execute(select(c.key).where(*of), {"user": who.id}).scalars())


def similar(connection: Connection, wanted: Iterable[Item]) -> dict[int, tuple[tuple[ReviewDecision, Item], ...]]:
    """What was said last about other settled things of the same check: the same question and answer first."""
    wanted = tuple(wanted)
    told: dict[int, tuple[tuple[ReviewDecision, Item], ...]] = {}
    for dataset, check in {(one.dataset, one.check) for one in wanted}:
        rows = fetched(connection, SETTLED, dataset=dataset, check=check, most=ALIKE)
        said = [(ReviewDecision(**_part(row, "said")), Item(**_part(row, "about"))) for row in rows]
        for one in wanted:
            if (one.dataset, one.check) == (dataset, check):
                others = [two for two in said if two[0].item != one.id]
                alike = sorted(others, key=lambda two: (two[1].question, two[1].answer) != (one.question, one.answer))
                told[one.id] = tuple(alike[:SIMILAR])
    return told


def _part(row: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {column.removeprefix(f"{name}."): cell for column, cell in row.items() if column.startswith(f"{name}.")}


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


def _hold(connection: Connection, who: Reviewer, numbers: Collection[int], now: datetime) -> None:
    hold = HOLDS[connection.dialect.name == "postgresql"]
    connection.execute(hold, {"user": who.id, "until": now + LOCK, "numbers": [*numbers]})


def _seconds_each(last: Mapping[str, datetime], now: datetime) -> float | None:
    """The median time between the last decisions, each step once, without breaks."""
    times = sorted(last.values())
    gaps = [later - earlier for earlier, later in pairwise(times) if later - earlier < _AWAY]
    return median(gap.total_seconds() for gap in gaps) if len(gaps) >= 3 and now - times[-1] < 100 * _AWAY else None
