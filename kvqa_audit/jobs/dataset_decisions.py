"""What was decided about findings comes in; it goes into the one text of decisions that gate, report and runs read.

Reviewers decide faster than a long text can be written anew: what is settled is in the store at once, and is put into
the text of the dataset before anybody reads it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import Connection, bindparam, select, update

from kvqa_audit.errors import ConflictError
from kvqa_audit.jobs.dataset_texts import as_file, can_grow, decisions_in, decisions_text
from kvqa_audit.jobs.datasets import dataset
from kvqa_audit.jobs.job_store import JobStore
from kvqa_audit.model import FrozenEvidence
from kvqa_audit.release.decisions import CorrectedAnswer, Decision, DecisionVerdict
from kvqa_audit.release.decisions_text import with_added, without
from kvqa_audit.store.cells import fetched
from kvqa_audit.store.job_records import Dataset
from kvqa_audit.store.job_tables import DATASETS
from kvqa_audit.store.review_records import Item, ReviewDecision
from kvqa_audit.store.review_rows import decisions
from kvqa_audit.store.review_tables import REVIEW_DECISIONS, REVIEW_ITEMS

_FILE = Path("decisions.yaml")
_TRIES = 5
_WAITING = (
    select(REVIEW_ITEMS)
    .where(
        REVIEW_ITEMS.c.dataset == bindparam("number"),
        REVIEW_ITEMS.c.settled_by.is_distinct_from(REVIEW_ITEMS.c.written),
    )
    .order_by(REVIEW_ITEMS.c.settled_by, REVIEW_ITEMS.c.id)
)


def bring_up_to_date(store: JobStore, number: int, known: Dataset | None = None) -> Dataset:
    """Puts into the text of a dataset's decisions what its reviewers settled, and takes out what they took back.

    Args:
        store: where.
        number: the dataset's id.
        known: the dataset as it was read before what was settled is asked for; None reads it.

    Raises:
        NotThereError: there is no such dataset.
        SpecError: the decisions that are there cannot be read.
        ConflictError: the dataset is edited again and again; nothing is lost.
    """
    for _ in range(_TRIES):
        known = known or dataset(store, number)
        with store.reading() as connection:
            waiting = _waiting(connection, number)
            if not waiting:
                return known
            named = {one for item in waiting for one in (item.settled_by, item.written) if one is not None}
            said = {one.id: one for one in decisions(connection, REVIEW_DECISIONS.c.id.in_(named))}
        gone = [one for item in waiting if item.written for one in as_decisions(said[item.written])]
        new = [one for item in waiting if item.settled_by for one in as_decisions(said[item.settled_by])]
        text = _edited(decisions_text(known.settings), gone, new)
        if _write(store, known, text, waiting):
            return dataset(store, number)
        known = None
    raise ConflictError("the dataset is edited all the time; what was decided is kept, and is written later")


def as_decisions(said: ReviewDecision) -> tuple[Decision, ...]:
    """What a reviewer said, as decisions about each finding of the thing; the corrected one has the right answer."""
    correction = CorrectedAnswer(**said.correction) if said.correction else None
    made = []
    for about in said.findings:
        words = (DecisionVerdict(said.verdict.value), said.reason, said.who, said.at.date(), said.until)
        handle = (about["img_id"], about["question"], about["answer"], tuple(about["related"]))
        evidence = FrozenEvidence.of_json(about["evidence"]) if about.get("evidence") else None
        made.append(Decision(about["key"], about["check"], *words, *handle, correction, evidence))
        correction = None
    return tuple(made)


def _waiting(connection: Connection, number: int) -> tuple[Item, ...]:
    """What the text of the dataset's decisions does not say yet, in the order in which it was settled."""
    return tuple(Item(**row) for row in fetched(connection, _WAITING, number=number))


def _edited(text: str, gone: Sequence[Decision], new: Sequence[Decision]) -> str:
    if gone:
        there = decisions_in(text)
        wanted = [one for one in there if one in gone]
        with as_file(text) as path:
            text = without(path, text, wanted)
    longer = with_added(_FILE, text, new)
    # Thousands of entries take seconds to read; behind a list of entries, one a line, others can only be added.
    decisions_in(with_added(_FILE, "", new) if can_grow(text) else longer)
    return longer


def _write(store: JobStore, known: Dataset, text: str, waiting: Sequence[Item]) -> bool:
    """Writes text and what it holds in one transaction; False where either changed meanwhile."""
    c, d = REVIEW_ITEMS.c, DATASETS.c
    with store.writing() as connection:
        of = update(DATASETS).where(d.id == known.id, d.version == known.version)
        if connection.execute(of.values(decisions=text, version=known.version + 1).returning(d.id)).first() is None:
            return False
        numbers = {one.id: one.settled_by for one in waiting}
        locked = select(c.id, c.settled_by).where(c.id.in_(numbers)).with_for_update()
        if {row.id: row.settled_by for row in connection.execute(locked)} != numbers:
            connection.rollback()
            return False
        written = update(REVIEW_ITEMS).where(c.id == bindparam("number")).values(written=bindparam("by"))
        connection.execute(written, [{"number": number, "by": by} for number, by in numbers.items()])
    return True
