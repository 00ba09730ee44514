"""Nothing comes in; the tables of the service's datasets, schedules and jobs go out, beside those of the run store."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table, Text, text

from kvqa_audit.store.cells import Json, UtcTime, one_of
from kvqa_audit.store.job_records import CatchUp, Cause, EventKind, JobState, MessageState, Overlap, SlotOutcome
from kvqa_audit.store.tables import METADATA

DATASETS = Table(
    "datasets",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("project", Integer, ForeignKey("projects.id"), nullable=False),
    Column("name", Text, nullable=False, unique=True),
    Column("source", Text, nullable=False),
    Column("spec", Text),
    Column("description", Json(dict), nullable=False),
    Column("gate", Text),
    Column("decisions", Text),
    Column("options", Json(dict), nullable=False),
    Column("keep", Integer),
    Column("time_limit_s", Integer),
    Column("memory_limit_mb", Integer),
    Column("max_attempts", Integer, nullable=False),
    Column("notify", Json(list), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("version", Integer, nullable=False),
)

SCHEDULES = Table(
    "schedules",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("dataset", Integer, ForeignKey("datasets.id"), nullable=False, index=True),
    Column("cron", Text, nullable=False),
    Column("time_zone", Text, nullable=False),
    Column("overlap", one_of(Overlap), nullable=False),
    Column("catch_up", one_of(CatchUp), nullable=False),
    Column("watch", Boolean, nullable=False),
    Column("paused", Boolean, nullable=False),
    Column("next_slot", UtcTime),
    Column("created_at", UtcTime, nullable=False),
    Column("version", Integer, nullable=False),
    Index("schedules_by_next_slot", "next_slot"),
)

# `run` names a row of `runs` only once its work has begun.
JOBS = Table(
    "jobs",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("dataset", Integer, ForeignKey("datasets.id"), nullable=False),
    Column("run", String(64), unique=True),
    Column("cause", one_of(Cause), nullable=False),
    Column("asked_by", Text),
    Column("state", one_of(JobState), nullable=False),
    Column("reason", Text),
    Column("queued_at", UtcTime, nullable=False),
    Column("not_before", UtcTime, nullable=False),
    Column("started_at", UtcTime),
    Column("finished_at", UtcTime),
    Column("attempts", Integer, nullable=False),
    Column("max_attempts", Integer, nullable=False),
    Column("worker", Text),
    Column("heartbeat_at", UtcTime),
    Column("lease_until", UtcTime),
    Column("fence", Integer, nullable=False),
    Column("cancel_asked", Boolean, nullable=False),
    Column("watch", Boolean, nullable=False),
    Column("watched", Text),
    Column("time_limit_s", Integer),
    Column("memory_limit_mb", Integer),
    Column("idempotency_key", String(200), unique=True),
    Column("last_event", Integer, nullable=False),
    Index("jobs_by_state", "state", "not_before", "id"),
    Index("jobs_by_dataset", "dataset", "id"),
    # Two jobs of one dataset never work at once, whoever claims them.
    Index(
        "jobs_at_work",
        "dataset",
        unique=True,
        sqlite_where=text("state = 'running'"),
        postgresql_where=text("state = 'running'"),
    ),
)

# Who writes the row of a slot decides about it: the key lets in one of all workers.
SLOTS = Table(
    "slots",
    METADATA,
    Column("schedule", Integer, ForeignKey("schedules.id"), primary_key=True),
    Column("slot", UtcTime, primary_key=True),
    Column("outcome", one_of(SlotOutcome), nullable=False),
    Column("reason", Text),
    Column("job", Integer, ForeignKey("jobs.id"), index=True),
)

EVENTS = Table(
    "events",
    METADATA,
    Column("job", Integer, ForeignKey("jobs.id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("at", UtcTime, nullable=False),
    Column("kind", one_of(EventKind), nullable=False),
    Column("body", Json(dict), nullable=False),
)

# One message a job and channel, written with the job's end and sent after it.
MESSAGES = Table(
    "messages",
    METADATA,
    Column("job", Integer, ForeignKey("jobs.id"), primary_key=True),
    Column("channel", Text, primary_key=True),
    Column("state", one_of(MessageState), nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("reason", Text),
    Column("body", Json(dict), nullable=False),
    Index("messages_by_state", "state"),
)
