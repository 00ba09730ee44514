"""Nothing comes in; the tables of what is to be reviewed, and of who decided what, on the same metadata go out."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import Boolean, Column, Date, Float, ForeignKey, Index, Integer, String, Table, Text

from kvqa_audit.model import Severity
from kvqa_audit.store.access_tables import USERS
from kvqa_audit.store.cells import Json, UtcTime, one_of
from kvqa_audit.store.job_tables import DATASETS
from kvqa_audit.store.tables import METADATA


class ItemState(StrEnum):
    """How far the review of one thing has come.

    A disputed one waits for somebody who has not decided about it yet; a known one measures reviewers.
    """

    OPEN = "open"
    DISPUTED = "disputed"
    SETTLED = "settled"
    KNOWN = "known"


class ReviewVerdict(StrEnum):
    """What a reviewer says: the verdicts of a decisions file, or that they do not know."""

    CONFIRMED = "confirmed"
    FALSE_POSITIVE = "false positive"
    ACCEPTED = "accepted"
    UNSURE = "unsure"


# One row a dataset: how its review is done, and the run whose findings are the queue.
REVIEWS = Table(
    "reviews",
    METADATA,
    Column("dataset", Integer, ForeignKey(DATASETS.c.id, ondelete="CASCADE"), primary_key=True),
    Column("needed", Integer, nullable=False),
    Column("run", String(64)),
    Column("version", Integer, nullable=False),
)

# One thing to decide about: a finding, or all that was found about a group of pictures. It outlives the run that
# found it; `run`, `place` and `size` say where its sheet lies today. `findings` are what a decision
# names of each, with the evidence that it rests on.
# `settled_by` is the decision that holds, `written` the one that the dataset's decisions have.
REVIEW_ITEMS = Table(
    "review_items",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("dataset", Integer, ForeignKey(DATASETS.c.id, ondelete="CASCADE"), nullable=False),
    Column("key", String(64), nullable=False),
    Column("run", String(64), nullable=False),
    Column("place", Integer, nullable=False),
    Column("size", Integer, nullable=False),
    Column("check", Text, nullable=False),
    Column("severity", one_of(Severity), nullable=False),
    Column("source", Text, nullable=False),
    Column("question", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("findings", Json(list), nullable=False),
    Column("blocks", Boolean, nullable=False),
    Column("weight", Float(53), nullable=False),
    Column("state", one_of(ItemState), nullable=False),
    Column("decided", Integer, nullable=False),
    Column("round", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    Column("assignee", Integer, ForeignKey(USERS.c.id)),
    Column("known", one_of(ReviewVerdict, 20)),
    Column("settled_by", Integer),
    Column("written", Integer),
    Index("review_items_by_key", "dataset", "key", unique=True),
    Index("review_items_by_weight", "dataset", "run", "state", "weight"),
)

# Append-only: a decision is taken back by naming who did, never removed. `findings` are those of its item, with the
# evidence that each rested on when it was made.
REVIEW_DECISIONS = Table(
    "review_decisions",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("dataset", Integer, ForeignKey(DATASETS.c.id, ondelete="CASCADE"), nullable=False),
    Column("item", Integer, ForeignKey(REVIEW_ITEMS.c.id, ondelete="CASCADE"), nullable=False),
    Column("round", Integer, nullable=False),
    Column("run", String(64), nullable=False),
    Column("user", Integer, ForeignKey(USERS.c.id), nullable=False),
    Column("who", Text, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("verdict", one_of(ReviewVerdict, 20), nullable=False),
    Column("reason", Text, nullable=False),
    Column("until", Date),
    Column("correction", Json(dict), nullable=False),
    Column("findings", Json(list), nullable=False),
    Column("third", Boolean, nullable=False),
    Column("batch", String(200), nullable=False),
    Column("idempotency_key", String(200), nullable=False, unique=True),
    Column("undone_by", Text),
    Column("undone_at", UtcTime),
    Index("review_decisions_by_item", "item", "user"),
    Index("review_decisions_by_user", "dataset", "user", "id"),
)

# Who looks at an item now, and who put one off: neither keeps anybody from deciding.
REVIEW_LOCKS = Table(
    "review_locks",
    METADATA,
    Column("item", Integer, ForeignKey(REVIEW_ITEMS.c.id, ondelete="CASCADE"), primary_key=True),
    Column("user", Integer, ForeignKey(USERS.c.id), primary_key=True),
    Column("until", UtcTime, nullable=False),
)

REVIEW_SKIPS = Table(
    "review_skips",
    METADATA,
    Column("item", Integer, ForeignKey(REVIEW_ITEMS.c.id, ondelete="CASCADE"), primary_key=True),
    Column("user", Integer, ForeignKey(USERS.c.id), primary_key=True),
    Column("at", UtcTime, nullable=False),
)
