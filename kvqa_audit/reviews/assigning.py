"""Who maintains a review comes in; who has been given what, and what measures reviewers, is kept and goes out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import case, func, select, update

from kvqa_audit.errors import ConflictError
from kvqa_audit.jobs.job_store import JobStore
from kvqa_audit.release.sample_unit import SAMPLED
from kvqa_audit.reviews.queue import Filters
from kvqa_audit.reviews.queue_queries import WAITING, WANTED
from kvqa_audit.store.access_tables import USERS
from kvqa_audit.store.review_records import Item
from kvqa_audit.store.review_rows import items, review_of
from kvqa_audit.store.review_tables import REVIEW_ITEMS, ItemState, ReviewVerdict


@dataclass(slots=True)
class Share:
    """What one person was given, None is nobody: how many things wait, by check, and how many are settled."""

    user: str | None
    waiting: dict[str, int] = field(default_factory=dict)
    settled: int = 0


def assign(store: JobStore, dataset: int, filters: Filters, user: int | None, *, most: int | None = None) -> int:
    """Gives what waits, and the filters hold for, to somebody to decide about, and says how many things that are.

    Args:
        store: where.
        dataset: its id.
        filters: which things.
        user: the id of who gets them; None gives them to nobody.
        most: so many of those that nobody has yet, the weightiest first; None is all, whoever has them.
    """
    c = REVIEW_ITEMS.c
    with store.writing() as connection:
        run, given = review_of(connection, dataset).run or "", filters.given()
        of = [c.dataset == dataset, c.run == run, c.state.in_(WAITING), *WANTED]
        if most is not None:
            chosen = select(c.id).where(*of, c.assignee.is_(None)).order_by(c.weight.desc(), c.id).limit(most)
            of = [c.id.in_(connection.execute(chosen, given).scalars().all())]
        given_to = update(REVIEW_ITEMS).where(*of).values(assignee=user).returning(c.id)
        return len(connection.execute(given_to, given if most is None else {}).all())


def shares(store: JobStore, dataset: int) -> tuple[Share, ...]:
    """Who has been given what of the queue, by name; at the end what nobody has."""
    c, told = REVIEW_ITEMS.c, dict[str | None, Share]()
    with store.reading() as connection:
        of = (c.dataset == dataset, c.run == (review_of(connection, dataset).run or ""))
        by = (USERS.c.name, c.check, c.state)
        counted = select(*by, func.count()).outerjoin_from(REVIEW_ITEMS, USERS, USERS.c.id == c.assignee)
        for name, check, state, number in connection.execute(counted.where(*of).group_by(*by).order_by(c.check)):
            share = told.setdefault(name, Share(name))
            if state in WAITING:
                share.waiting[check] = share.waiting.get(check, 0) + number
            else:
                share.settled += number
    return tuple(sorted(told.values(), key=lambda one: (one.user is None, one.user or "")))


def known_things(store: JobStore, dataset: int) -> tuple[Item, ...]:
    """What measures the reviewers of a dataset."""
    c = REVIEW_ITEMS.c
    with store.reading() as connection:
        return items(connection, c.dataset == dataset, c.state == ItemState.KNOWN)


def candidates(store: JobStore, dataset: int, check: str, limit: int) -> tuple[Item, ...]:
    """The weightiest things, of one check or of any (""), that nobody decided about, and that could measure people."""
    c = REVIEW_ITEMS.c
    with store.reading() as connection:
        of = [c.dataset == dataset, c.run == (review_of(connection, dataset).run or ""), c.state == ItemState.OPEN]
        given = Filters(check=check).given()
        return items(connection, *of, c.decided == 0, *WANTED, order=(c.weight.desc(), c.id), limit=limit, **given)


def measure_by(store: JobStore, number: int, known: ReviewVerdict | None) -> None:
    """Lets a thing measure reviewers: everybody gets it once, and what they say is never written to the dataset.

    With None it measures nobody any more: it is open, and what was said about it stays in the history alone. What was
    drawn at random is out of the queue then, as it may be planted; the next draw brings what is not.

    Raises:
        ConflictError: somebody decided about it already, so that it cannot measure; or there is no such thing.
    """
    c = REVIEW_ITEMS.c
    changed = update(REVIEW_ITEMS).where(c.id == number, c.state != ItemState.SETTLED)
    begun: dict[str, Any]
    if known is None:
        changed = changed.where(c.state == ItemState.KNOWN)
        is_drawn = c.check.startswith(SAMPLED, autoescape=True)
        begun = {"known": None, "state": ItemState.OPEN, "decided": 0, "round": c.round + 1}
        begun["run"] = case((is_drawn, ""), else_=c.run)
    else:
        changed = changed.where(c.decided == 0)
        begun = {"known": known, "state": ItemState.KNOWN}
    with store.writing() as connection:
        if connection.execute(changed.values(**begun).returning(c.id)).first() is None:
            raise ConflictError("somebody decided about it already, or it measures nobody")
