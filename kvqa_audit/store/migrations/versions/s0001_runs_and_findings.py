"""An empty database comes in; runs, their outcomes, and what became of their findings have a place."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Makes the tables series, runs, outcomes and findings."""
    op.create_table("series", sa.Column("name", sa.Text, primary_key=True), sa.Column("last_run", sa.String(64)))
    op.create_table(
        "runs",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("series", sa.Text, sa.ForeignKey("series.name"), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("dataset", sa.Text, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("location", sa.Text, nullable=False),
        sa.Column("revision", sa.Text),
        sa.Column("rows", sa.Integer, nullable=False),
        sa.Column("images", sa.Integer, nullable=False),
        sa.Column("started_at", sa.String(40), nullable=False),
        sa.Column("finished_at", sa.String(40), nullable=False),
        sa.Column("version", sa.String(40), nullable=False),
        sa.Column("exit_code", sa.Integer, nullable=False),
        sa.Column("verdict", sa.String(20), nullable=False),
        sa.Column("errors", sa.Integer, nullable=False),
        sa.Column("warnings", sa.Integer, nullable=False),
        sa.Column("notices", sa.Integer, nullable=False),
        sa.Column("waived", sa.Integer, nullable=False),
        sa.Column("new", sa.Integer),
        sa.Column("resolved", sa.Integer),
        sa.Column("still_open", sa.Integer),
    )
    op.create_index("runs_by_series", "runs", ["series", "number"], unique=True)
    op.create_table(
        "outcomes",
        sa.Column("run", sa.String(64), sa.ForeignKey("runs.id"), primary_key=True),
        sa.Column("code", sa.Text, primary_key=True),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("severity", sa.String(10), nullable=False),
        sa.Column("outcome", sa.String(10), nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("evaluated", sa.Integer, nullable=False),
        sa.Column("violations", sa.Integer, nullable=False),
        sa.Column("waived", sa.Integer, nullable=False),
        sa.Column("measured", sa.Float(53)),
        sa.Column("threshold", sa.Float(53)),
        sa.Column("seconds", sa.Float(53), nullable=False),
    )
    op.create_table(
        "findings",
        sa.Column("series", sa.Text, sa.ForeignKey("series.name"), primary_key=True),
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("check", sa.Text, nullable=False),
        sa.Column("severity", sa.String(10), nullable=False),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("img_id", sa.Text),
        sa.Column("question", sa.Text),
        sa.Column("answer", sa.Text),
        sa.Column("related", sa.Text, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("first_run", sa.String(64), nullable=False),
        sa.Column("first_seen", sa.String(40), nullable=False),
        sa.Column("last_run", sa.String(64), nullable=False),
        sa.Column("last_seen", sa.String(40), nullable=False),
        sa.Column("resolved_run", sa.String(64)),
        sa.Column("resolved_at", sa.String(40)),
    )
