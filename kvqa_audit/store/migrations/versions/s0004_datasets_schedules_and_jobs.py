"""A store of runs comes in; datasets, their schedules and the jobs of a service have a place, and findings that return.

Nothing that is there is changed: earlier findings have not returned, and when an acceptance ends is not known of them.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Makes the tables datasets, schedules, jobs, slots, events and messages."""
    _make_datasets_and_schedules()
    _make_jobs()
    _make_slots_and_events()
    _make_messages()
    op.add_column("finding_states", sa.Column("returned_run", sa.String(64)))
    op.add_column("finding_states", sa.Column("accepted_until", sa.Date))


def _make_datasets_and_schedules() -> None:
    op.create_table(
        "datasets",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("project", sa.Integer, sa.ForeignKey("projects.id"), nullable=False),
        sa.Column("name", sa.Text, nullable=False, unique=True),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("spec", sa.Text),
        sa.Column("description", sa.Text, nullable=False),
        *(sa.Column(name, sa.Text) for name in ("gate", "decisions")),
        sa.Column("options", sa.Text, nullable=False),
        *(sa.Column(name, sa.Integer) for name in ("keep", "time_limit_s", "memory_limit_mb")),
        sa.Column("max_attempts", sa.Integer, nullable=False),
        sa.Column("notify", sa.Text, nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
    )
    op.create_table(
        "schedules",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("dataset", sa.Integer, sa.ForeignKey("datasets.id"), nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("cron", "time_zone")),
        *(sa.Column(name, sa.String(10), nullable=False) for name in ("overlap", "catch_up")),
        *(sa.Column(name, sa.Boolean, nullable=False) for name in ("watch", "paused")),
        sa.Column("next_slot", _TIME),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
    )
    op.create_index("ix_schedules_dataset", "schedules", ["dataset"])
    op.create_index("schedules_by_next_slot", "schedules", ["next_slot"])


def _make_jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("dataset", sa.Integer, sa.ForeignKey("datasets.id"), nullable=False),
        sa.Column("run", sa.String(64), unique=True),
        sa.Column("cause", sa.String(10), nullable=False),
        sa.Column("asked_by", sa.Text),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("reason", sa.Text),
        *(sa.Column(name, _TIME, nullable=False) for name in ("queued_at", "not_before")),
        *(sa.Column(name, _TIME) for name in ("started_at", "finished_at")),
        *(sa.Column(name, sa.Integer, nullable=False) for name in ("attempts", "max_attempts")),
        sa.Column("worker", sa.Text),
        *(sa.Column(name, _TIME) for name in ("heartbeat_at", "lease_until")),
        sa.Column("fence", sa.Integer, nullable=False),
        *(sa.Column(name, sa.Boolean, nullable=False) for name in ("cancel_asked", "watch")),
        sa.Column("watched", sa.Text),
        *(sa.Column(name, sa.Integer) for name in ("time_limit_s", "memory_limit_mb")),
        sa.Column("idempotency_key", sa.String(200), unique=True),
        sa.Column("last_event", sa.Integer, nullable=False),
    )
    op.create_index("jobs_by_state", "jobs", ["state", "not_before", "id"])
    op.create_index("jobs_by_dataset", "jobs", ["dataset", "id"])
    at_work = sa.text("state = 'running'")
    op.create_index("jobs_at_work", "jobs", ["dataset"], unique=True, sqlite_where=at_work, postgresql_where=at_work)


def _make_slots_and_events() -> None:
    op.create_table(
        "slots",
        sa.Column("schedule", sa.Integer, sa.ForeignKey("schedules.id"), primary_key=True),
        sa.Column("slot", _TIME, primary_key=True),
        sa.Column("outcome", sa.String(10), nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("job", sa.Integer, sa.ForeignKey("jobs.id")),
    )
    op.create_index("ix_slots_job", "slots", ["job"])
    op.create_table(
        "events",
        sa.Column("job", sa.Integer, sa.ForeignKey("jobs.id"), primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )


def _make_messages() -> None:
    op.create_table(
        "messages",
        sa.Column("job", sa.Integer, sa.ForeignKey("jobs.id"), primary_key=True),
        sa.Column("channel", sa.Text, primary_key=True),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("messages_by_state", "messages", ["state"])
