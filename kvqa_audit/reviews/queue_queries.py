"""Nothing comes in; the queries of a review's queue go out, made once: who waits for them asks often.

Their parameters are the `dataset`, its `run`, the `user` who asks, `needed` (how many decide about a thing), `now`,
what they have `seen`, how many there are to be at `most`, and what they want to see, as `WANTED` has it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Integer,
    Select,
    bindparam,
    cast,
    exists,
    func,
    literal_column,
    select,
    union_all,
)
from sqlalchemy.dialects import postgresql, sqlite

from kvqa_audit.store.review_tables import (
    REVIEW_DECISIONS,
    REVIEW_ITEMS,
    REVIEW_LOCKS,
    REVIEW_SKIPS,
    REVIEWS,
    ItemState,
)

WAITING = (ItemState.OPEN, ItemState.DISPUTED, ItemState.KNOWN)


def _wanted(column: Column[Any], everything: Callable[[Any], ColumnElement[bool]]) -> ColumnElement[bool]:
    parameter = bindparam(f"wanted_{column.name}", type_=column.type)
    return everything(parameter) | (column == parameter)


TEXTS = ("check", "source", "question", "answer")
# What somebody wants to see, of a query that is made once; `Filters.given` are its parameters.
WANTED = (
    *(_wanted(REVIEW_ITEMS.c[name], lambda given: given == literal_column("''")) for name in TEXTS),
    *(_wanted(REVIEW_ITEMS.c[name], lambda given: cast(given, given.type).is_(None)) for name in ("state", "assignee")),
)


# Whether somebody decided about a thing in its present round.
DECIDED = exists().where(
    REVIEW_DECISIONS.c.item == REVIEW_ITEMS.c.id,
    REVIEW_DECISIONS.c.user == bindparam("user"),
    REVIEW_DECISIONS.c.round == REVIEW_ITEMS.c.round,
    REVIEW_DECISIONS.c.undone_at.is_(None),
)


def _weightiest(*of: ColumnElement[bool]) -> Select[Any]:
    """The first items of these conditions, by weight: for each state an index gives them without looking at all."""
    c, most = REVIEW_ITEMS.c, bindparam("most", type_=Integer)
    order = (c.weight.desc(), c.id.desc())
    seen = c.id.not_in(bindparam("seen", expanding=True))
    first = (
        select(c.id).where(*of, *WANTED, seen, c.state == state).order_by(*order).limit(most).subquery()
        for state in WAITING
    )
    ids = union_all(*(select(one.c.id) for one in first))
    return select(REVIEW_ITEMS).where(c.id.in_(ids)).order_by(*order)


def _tiers() -> Iterator[Select[Any]]:
    """Queries for the first things, the most wanted ones first; together they hold all that waits for somebody."""
    c, skip, lock = REVIEW_ITEMS.c, REVIEW_SKIPS.c, REVIEW_LOCKS.c
    waits = (c.dataset == bindparam("dataset"), c.run == bindparam("run"), ~DECIDED)
    skipped = exists().where(skip.item == c.id, skip.user == bindparam("user"))
    held = (lock.item == c.id, lock.user != bindparam("user"), lock.until > bindparam("now"))
    others = select(func.count()).select_from(REVIEW_LOCKS).where(*held).scalar_subquery()
    places = bindparam("needed", type_=Integer) - c.decided
    free = ((c.state == ItemState.OPEN) & (others < places)) | (c.state == ItemState.KNOWN)
    free = free | ((c.state == ItemState.DISPUTED) & (others == 0))
    yield _weightiest(*waits, free, ~skipped, c.blocks.is_(True))
    yield _weightiest(*waits, free, ~skipped)
    yield _weightiest(*waits, free)
    yield _weightiest(*waits)


# The first of them is for who wants what blocks first.
TIERS = tuple(_tiers())


def _states() -> Select[Any]:
    """How many things of a dataset are in each state, and how many that still wait somebody has decided about."""
    c, d = REVIEW_ITEMS.c, REVIEW_DECISIONS.c
    run = select(REVIEWS.c.run).where(REVIEWS.c.dataset == bindparam("dataset")).scalar_subquery()
    of = (c.dataset == bindparam("dataset"), c.run == run, *WANTED)
    # What this person decided and others still have to: mostly little, so that it is counted from its side.
    mine = (d.dataset == bindparam("dataset"), d.user == bindparam("user"), d.undone_at.is_(None))
    still = (*of, c.state.in_(WAITING), c.decided > 0, d.item == c.id, d.round == c.round, *mine)
    done = select(func.count()).select_from(REVIEW_ITEMS.join(REVIEW_DECISIONS, d.item == c.id)).where(*still)
    outer = select(c.state, func.count(), done.correlate(None).scalar_subquery())
    return outer.where(*of).group_by(c.state)


STATES = _states()
MINE = (
    select(REVIEW_DECISIONS.c.batch, REVIEW_DECISIONS.c.at, func.count().over())
    .where(
        REVIEW_DECISIONS.c.dataset == bindparam("dataset"),
        REVIEW_DECISIONS.c.user == bindparam("user"),
        REVIEW_DECISIONS.c.undone_at.is_(None),
    )
    .order_by(REVIEW_DECISIONS.c.id.desc())
    .limit(bindparam("most", type_=Integer))
)


def _settled() -> Select[Any]:
    """The things of a check that were settled last, each with the decision that settled it: `about.*` and `said.*`."""
    c, d = REVIEW_ITEMS.c, REVIEW_DECISIONS.c
    of = (c.dataset == bindparam("dataset"), c.check == bindparam("check"), c.state == ItemState.SETTLED)
    # Rows are long: which are the last ones is found by what is ordered by alone.
    last = select(c.id).where(*of, c.settled_by.is_not(None)).order_by(c.settled_by.desc())
    columns = (column.label(f"{name}.{column.name}") for name, table in (("said", d), ("about", c)) for column in table)
    both = select(*columns).join_from(REVIEW_ITEMS, REVIEW_DECISIONS, d.id == c.settled_by)
    return both.where(c.id.in_(last.limit(bindparam("most", type_=Integer)))).order_by(c.settled_by.desc())


SETTLED = _settled()


def _hold_query(insert: Callable[..., Any]) -> Any:
    """Holds things, or goes on holding them, in one statement; `insert` is that of the database."""
    c = REVIEW_ITEMS.c
    user, until = bindparam("user", type_=Integer), bindparam("until", type_=REVIEW_LOCKS.c.until.type)
    there = select(c.id, user, until).where(c.id.in_(bindparam("numbers", expanding=True)))
    hold = insert(REVIEW_LOCKS).from_select(["item", "user", "until"], there)
    return hold.on_conflict_do_update(index_elements=["item", "user"], set_={"until": hold.excluded.until})


HOLDS = (_hold_query(sqlite.insert), _hold_query(postgresql.insert))
