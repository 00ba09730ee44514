"""A store of a service comes in; what its people review, and what they decided about it, has a place."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Makes the tables of reviews; nothing that is there is changed."""
    op.create_table(
        "reviews",
        sa.Column("dataset", sa.Integer, sa.ForeignKey("datasets.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("needed", sa.Integer, nullable=False),
        sa.Column("run", sa.String(64)),
        sa.Column("version", sa.Integer, nullable=False),
    )
    _items()
    _decisions()
    for name, column in (("review_locks", "until"), ("review_skips", "at")):
        op.create_table(
            name,
            sa.Column("item", sa.Integer, sa.ForeignKey("review_items.id", ondelete="CASCADE"), primary_key=True),
            sa.Column("user", sa.Integer, sa.ForeignKey("users.id"), primary_key=True),
            sa.Column(column, _TIME, nullable=False),
        )


def _items() -> None:
    needed: dict[str, Any] = {
        "key": sa.String(64),
        "run": sa.String(64),
        "place": sa.Integer,
        "size": sa.Integer,
        "check": sa.Text,
    }
    needed |= {"severity": sa.String(10), "source": sa.Text, "question": sa.Text, "answer": sa.Text}
    needed |= {"findings": sa.Text, "blocks": sa.Boolean, "weight": sa.Float(53), "state": sa.String(10)}
    needed |= dict.fromkeys(("decided", "round", "version"), sa.Integer)
    op.create_table(
        "review_items",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("dataset", sa.Integer, sa.ForeignKey("datasets.id", ondelete="CASCADE"), nullable=False),
        *(sa.Column(name, kind, nullable=False) for name, kind in needed.items()),
        sa.Column("assignee", sa.Integer, sa.ForeignKey("users.id")),
        sa.Column("known", sa.String(20)),
        sa.Column("settled_by", sa.Integer),
        sa.Column("written", sa.Integer),
    )
    op.create_index("review_items_by_key", "review_items", ["dataset", "key"], unique=True)
    op.create_index("review_items_by_weight", "review_items", ["dataset", "run", "state", "weight"])


def _decisions() -> None:
    item = sa.ForeignKey("review_items.id", ondelete="CASCADE")
    op.create_table(
        "review_decisions",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("dataset", sa.Integer, sa.ForeignKey("datasets.id", ondelete="CASCADE"), nullable=False),
        sa.Column("item", sa.Integer, item, nullable=False),
        sa.Column("round", sa.Integer, nullable=False),
        sa.Column("run", sa.String(64), nullable=False),
        sa.Column("user", sa.Integer, sa.ForeignKey("users.id"), nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("verdict", sa.String(20), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("until", sa.Date),
        sa.Column("correction", sa.Text, nullable=False),
        sa.Column("findings", sa.Text, nullable=False),
        sa.Column("third", sa.Boolean, nullable=False),
        sa.Column("batch", sa.String(200), nullable=False),
        sa.Column("idempotency_key", sa.String(200), nullable=False, unique=True),
        sa.Column("undone_by", sa.Text),
        sa.Column("undone_at", _TIME),
    )
    op.create_index("review_decisions_by_item", "review_decisions", ["item", "user"])
    op.create_index("review_decisions_by_user", "review_decisions", ["dataset", "user", "id"])
