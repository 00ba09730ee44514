"""What somebody says about a thing comes in; it is kept once, can be taken back, and settles the thing or does not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from kvqa_audit.errors import ConflictError, SpecError
from kvqa_audit.jobs.job_store import JobStore
from kvqa_audit.reviews.settling import settled
from kvqa_audit.store.cells import fetched, kept_text
from kvqa_audit.store.review_records import Item, ReviewDecision, Words
from kvqa_audit.store.review_rows import decisions_in_force, item, item_of_finding, review_of
from kvqa_audit.store.review_tables import REVIEW_DECISIONS, REVIEW_ITEMS, REVIEW_LOCKS, REVIEW_SKIPS, ItemState

MAX_BULK = 5_000
LOCK = timedelta(minutes=5)
_USED = "this key was used for another decision; take a new one"
_SAID = (
    select(REVIEW_DECISIONS)
    .where(
        (REVIEW_DECISIONS.c.idempotency_key == bindparam("key"))
        | (
            (REVIEW_DECISIONS.c.item == bindparam("item"))
            & (REVIEW_DECISIONS.c.round == bindparam("round"))
            & REVIEW_DECISIONS.c.undone_at.is_(None)
        )
    )
    .order_by(REVIEW_DECISIONS.c.id)
)
_KEEP = insert(REVIEW_DECISIONS).returning(REVIEW_DECISIONS.c.id)
_LET_GO = (
    # Locks that are over hold nobody off; they are removed where one is written anyway.
    delete(REVIEW_LOCKS).where(
        REVIEW_LOCKS.c.user == bindparam("by"),
        (REVIEW_LOCKS.c.item == bindparam("number")) | (REVIEW_LOCKS.c.until < bindparam("now")),
    ),
    delete(REVIEW_SKIPS).where(REVIEW_SKIPS.c.user == bindparam("by"), REVIEW_SKIPS.c.item == bindparam("number")),
)
_SETTLE = update(REVIEW_ITEMS).where(REVIEW_ITEMS.c.id == bindparam("number"))


@dataclass(frozen=True, slots=True)
class Reviewer:
    """Who decides: the user's id and name."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Kept:
    """A decision that is in the store, and its thing as it is now; `again` where it was there before."""

    decision: ReviewDecision
    item: Item
    again: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """A thing of many that could not be decided about, and why."""

    item: int
    reason: str


def decide(
    store: JobStore,
    who: Reviewer,
    number: int,
    version: int,
    words: Words,
    key: str,
    allowed: Callable[[Item], None] = lambda _: None,
) -> Kept:
    """Keeps what somebody says about a thing; the same key keeps it once, however often it is sent.

    Args:
        store: where.
        who: the reviewer.
        number: the thing's id.
        version: the version of it that they saw.
        words: what they say.
        key: made by who sends it, another one for each decision.
        allowed: raises where they may not decide about the thing.

    Raises:
        NotThereError: there is no such thing.
        ConflictError: it is settled or changed meanwhile, they decided about it already, or the key was used before.
        SpecError: the day until which it holds is over.
    """
    with store.writing() as connection:
        return keep(connection, store, who, number, version, words, key, key, allowed)


def decide_about(store: JobStore, who: Reviewer, dataset: int, finding: str, words: Words, key: str) -> Kept:
    """The same about the thing of the queue that holds a finding, by the finding's key, as it is now.

    Raises:
        NotThereError: no thing of the queue holds it.
        ConflictError, SpecError: as for `decide`.
    """
    with store.writing() as connection:
        run = review_of(connection, dataset).run or ""
        about = item_of_finding(connection, dataset, run, finding)
        return keep(connection, store, who, about.id, about.version, words, key, key)


def keep(
    connection: Connection,
    store: JobStore,
    who: Reviewer,
    number: int,
    version: int,
    words: Words,
    key: str,
    batch: str,
    allowed: Callable[[Item], None] = lambda _: None,
) -> Kept:
    """The same, in a transaction of its caller; `batch` names what is taken back together."""
    key, batch = f"{who.id}:{key}", f"{who.id}:{batch}"
    now, about = store.about_now(connection), item(connection, number, lock=True)
    allowed(about)
    # The same decision, if it was sent before, waited for the same lock.
    rows = fetched(connection, _SAID, key=key, item=about.id, round=about.round)
    found = tuple(ReviewDecision(**row) for row in rows)
    if known := [one for one in found if one.idempotency_key == key]:
        return _again(known[0], about)
    said = found
    _make_sure(about, said, who, version)
    if words.until is not None and words.until < now.date():
        raise SpecError(f"until: {words.until} is over; name a day to come, or none")
    row: dict[str, Any] = {
        "dataset": about.dataset,
        "item": number,
        "round": about.round,
        "run": about.run,
        "user": who.id,
        "who": kept_text(who.name),
        "at": now,
        "verdict": words.verdict,
        "reason": kept_text(words.reason),
        "until": words.until,
        "correction": dict(words.correction),
        "findings": about.findings,
        "third": about.state is ItemState.DISPUTED,
        "batch": batch,
        "idempotency_key": key,
    }
    try:
        row["id"] = connection.execute(_KEEP, row).scalar_one()
    except IntegrityError:
        raise ConflictError(_USED) from None
    for left in _LET_GO:
        connection.execute(left, {"by": who.id, "number": number, "now": now})
    made = ReviewDecision(**row, undone_by=None, undone_at=None)
    return Kept(made, settle(connection, about, [*said, made]))


def decide_many(
    store: JobStore, who: Reviewer, dataset: int, wanted: Sequence[tuple[int, int]], words: Words, key: str
) -> tuple[tuple[Kept, ...], tuple[Refused, ...]]:
    """Says the same about many things, whole in one transaction; those that cannot be decided are told one by one.

    Args:
        store: where.
        who: the reviewer.
        dataset: whose things they are.
        wanted: the ids of the things, each with the version that was seen.
        words: what they say.
        key: as for `decide`; all are taken back together.
    """
    kept: list[Kept] = []
    refused: list[Refused] = []
    with store.writing() as connection:
        c = REVIEW_ITEMS.c
        its = set(connection.execute(select(c.id).where(c.dataset == dataset)).scalars())
        for number, version in sorted(set(wanted)):
            try:
                if number not in its:
                    raise ConflictError("this is no thing of this dataset")
                kept.append(keep(connection, store, who, number, version, words, f"{key}:{number}", key))
            except ConflictError as error:
                refused.append(Refused(number, str(error)))
    return tuple(kept), tuple(refused)


def undo(store: JobStore, who: Reviewer, dataset: int) -> tuple[Item, ...]:
    """Takes back what somebody said last in a dataset; what was said in one step goes in one step.

    Raises:
        ConflictError: there is nothing to take back.
    """
    c = REVIEW_DECISIONS.c
    with store.writing() as connection:
        mine = (c.dataset == dataset, c.user == who.id, c.undone_at.is_(None))
        last = select(c.batch).where(*mine).order_by(c.id.desc()).limit(1)
        batch = connection.execute(last).scalar()
        if batch is None:
            raise ConflictError("there is nothing of yours to take back here")
        numbers = connection.execute(select(c.item).where(*mine, c.batch == batch).order_by(c.item)).scalars().all()
        for number in numbers:
            item(connection, number, lock=True)
        taken_back = {"undone_by": kept_text(who.name), "undone_at": store.clock(connection)}
        connection.execute(update(REVIEW_DECISIONS).where(*mine, c.batch == batch).values(**taken_back))
        return tuple(settle(connection, item(connection, number)) for number in numbers)


def skip(store: JobStore, who: Reviewer, number: int) -> None:
    """Puts a thing off: whoever skipped it gets all others first."""
    where = (REVIEW_SKIPS.c.item == number, REVIEW_SKIPS.c.user == who.id)
    with store.writing() as connection:
        item(connection, number, lock=True)
        connection.execute(delete(REVIEW_SKIPS).where(*where))
        connection.execute(insert(REVIEW_SKIPS), {"item": number, "user": who.id, "at": store.clock(connection)})
        connection.execute(delete(REVIEW_LOCKS).where(REVIEW_LOCKS.c.item == number, REVIEW_LOCKS.c.user == who.id))


def settle(connection: Connection, about: Item, said: Sequence[ReviewDecision] | None = None) -> Item:
    """Brings a thing up to date with what was said about it; None reads what is in force."""
    said = decisions_in_force(connection, about) if said is None else said
    state, last = settled(said, review_of(connection, about.dataset).needed)
    if about.known is not None:
        state, last = ItemState.KNOWN, None
    values: dict[str, Any] = {"decided": len(said), "state": state, "settled_by": last.id if last else None}
    if (state, values["settled_by"]) != (about.state, about.settled_by):
        values["version"] = about.version + 1
    connection.execute(_SETTLE, {"number": about.id, **values})
    return replace(about, **values)


def _again(known: ReviewDecision, about: Item) -> Kept:
    if known.item != about.id:
        raise ConflictError(_USED)
    return Kept(known, about, again=True)


def _make_sure(about: Item, said: Sequence[ReviewDecision], who: Reviewer, version: int) -> None:
    """
    Raises:
        ConflictError: this may not be decided now, by this person.
    """
    if any(one.user == who.id for one in said):
        raise ConflictError("you decided about this already; take that back first")
    if about.state is ItemState.SETTLED:
        by = f"by {said[-1].who}" if said else "elsewhere"
        raise ConflictError(f"this was settled {by} meanwhile; nothing was changed")
    if about.version != version:
        raise ConflictError("this changed since you saw it; look at it again")
