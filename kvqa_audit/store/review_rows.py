"""Conditions on the tables of a review come in; items, decisions and reviews go out as records."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import ColumnElement, Connection, Text, bindparam, select, type_coerce

from kvqa_audit.errors import NotThereError
from kvqa_audit.store.cells import fetched
from kvqa_audit.store.review_records import Item, Review, ReviewDecision
from kvqa_audit.store.review_tables import REVIEW_DECISIONS, REVIEW_ITEMS, REVIEWS

_REVIEW = select(REVIEWS).where(REVIEWS.c.dataset == bindparam("dataset"))
_ITEM = select(REVIEW_ITEMS).where(REVIEW_ITEMS.c.id == bindparam("number"))
_REVIEW_LOCKED, _ITEM_LOCKED = _REVIEW.with_for_update(), _ITEM.with_for_update()


def review_of(connection: Connection, dataset: int, *, lock: bool = False) -> Review:
    """How a dataset is reviewed; by one person each, where nobody said otherwise.

    Args:
        connection: of a transaction.
        dataset: its id.
        lock: keeps others, who lock it too, waiting before the transaction ends.
    """
    rows = fetched(connection, _REVIEW_LOCKED if lock else _REVIEW, dataset=dataset)
    return Review(**rows[0]) if rows else Review(dataset)


def items(
    connection: Connection,
    *of: ColumnElement[bool],
    order: Any = REVIEW_ITEMS.c.id,
    limit: int | None = None,
    **given: Any,
) -> tuple[Item, ...]:
    """The items that these conditions hold for, whose parameters are `given`."""
    by, c = order if isinstance(order, tuple) else (order,), REVIEW_ITEMS.c
    if limit is not None:
        # Rows are long: which are the first ones is found by what is ordered by alone.
        of = (c.id.in_(select(c.id).where(*of).order_by(*by).limit(limit)),)
    wanted = select(REVIEW_ITEMS).where(*of).order_by(*by)
    return tuple(Item(**row) for row in fetched(connection, wanted, **given))


def item(connection: Connection, number: int, *, lock: bool = False) -> Item:
    """
    Args:
        connection: of a transaction.
        number: the item's id.
        lock: keeps others from changing it before the transaction ends.

    Raises:
        NotThereError: there is none with this id.
    """
    found = fetched(connection, _ITEM_LOCKED if lock else _ITEM, number=number)
    if not found:
        raise NotThereError(f"there is nothing to review with the number {number} here")
    return Item(**found[0])


def item_of_finding(connection: Connection, dataset: int, run: str, key: str) -> Item:
    """The item of a run that holds a finding.

    Raises:
        NotThereError: there is none; the run did not find it, or it was decided before it was laid out.
    """
    c = REVIEW_ITEMS.c
    of = (c.dataset == dataset, c.run == run)
    # A group is known by the key of its first finding; the others stand in its text.
    within = type_coerce(c.findings, Text).contains(f'"key": {json.dumps(key)}', autoescape=True)
    found = items(connection, *of, c.key == key) or items(connection, *of, within, limit=1)
    if not found:
        raise NotThereError("this finding is not to be decided: it was decided before, or the last audit has it not")
    return found[0]


def decisions(
    connection: Connection, *of: ColumnElement[bool], latest_first: bool = False, limit: int | None = None
) -> tuple[ReviewDecision, ...]:
    """The decisions that these conditions hold for, those that were taken back, too."""
    c = REVIEW_DECISIONS.c
    wanted = select(REVIEW_DECISIONS).where(*of).order_by(c.id.desc() if latest_first else c.id).limit(limit)
    return tuple(ReviewDecision(**row) for row in fetched(connection, wanted))


def decisions_in_force(connection: Connection, one: Item) -> tuple[ReviewDecision, ...]:
    """What was said about an item in its present round, and not taken back, in its order."""
    return decisions(connection, in_force(one))


def in_force(one: Item) -> ColumnElement[bool]:
    """Whether a decision is about an item, of its present round, and not taken back."""
    c = REVIEW_DECISIONS.c
    return (c.item == one.id) & (c.round == one.round) & c.undone_at.is_(None)
