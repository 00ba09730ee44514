"""Nothing comes in; the tables of the run store, as this version of the program has them, go out.

What is here is the newest step of `migrations/versions`; a test compares both.
"""

from __future__ import annotations

from sqlalchemy import (
    Column,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from kvqa_audit.model import FindingStatus, OutcomeStatus, Severity
from kvqa_audit.store.cells import Json, UtcTime, one_of
from kvqa_audit.store.records import RunState

METADATA = MetaData()

# Who shares the history of a dataset: what one project resolves, another's findings do not notice.
PROJECTS = Table(
    "projects",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
)

# A series are the runs over the versions of one dataset: what is new or resolved is told against the last one of them.
SERIES = Table(
    "series",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("project", Integer, ForeignKey("projects.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("last_run", String(64)),
    UniqueConstraint("project", "name"),
)

# What only a finished run has is null before. `findings` counts the rows of the table of that name. `process` is at
# work on a run that no service follows.
RUNS = Table(
    "runs",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("series", Integer, ForeignKey("series.id"), nullable=False),
    Column("state", one_of(RunState), nullable=False),
    Column("reason", Text),
    Column("dataset", Text, nullable=False),
    Column("location", Text, nullable=False),
    Column("revision", Text),
    Column("queued_at", UtcTime),
    Column("started_at", UtcTime),
    Column("finished_at", UtcTime),
    Column("number", Integer),
    Column("digest", String(64)),
    Column("rows", Integer),
    Column("images", Integer),
    Column("version", String(40)),
    Column("exit_code", Integer),
    Column("verdict", String(20)),
    Column("findings", Integer),
    Column("errors", Integer),
    Column("warnings", Integer),
    Column("notices", Integer),
    Column("waived", Integer),
    Column("new", Integer),
    Column("resolved", Integer),
    Column("still_open", Integer),
    Column("process", Text),
    Index("runs_by_series", "series", "number", unique=True),
)

OUTCOMES = Table(
    "outcomes",
    METADATA,
    Column("run", String(64), ForeignKey("runs.id"), primary_key=True),
    Column("code", Text, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("severity", one_of(Severity), nullable=False),
    Column("outcome", one_of(OutcomeStatus), nullable=False),
    Column("reason", Text),
    Column("evaluated", Integer, nullable=False),
    Column("violations", Integer, nullable=False),
    Column("waived", Integer, nullable=False),
    Column("measured", Float(53)),
    Column("threshold", Float(53)),
    Column("seconds", Float(53), nullable=False),
)

# The findings of every run as it told them, in its order. The indexes hold all that a page may be filtered by.
FINDINGS = Table(
    "findings",
    METADATA,
    Column("run", String(64), ForeignKey("runs.id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("key", String(64), nullable=False),
    Column("check", Text, nullable=False),
    Column("severity", one_of(Severity), nullable=False),
    Column("status", one_of(FindingStatus), nullable=False),
    Column("img_id", Text),
    Column("question", Text),
    Column("answer", Text),
    Column("row", Integer),
    Column("score", Float(53)),
    Column("group", Text),
    Column("related", Json(list), nullable=False),
    Column("message", Text, nullable=False),
    Column("evidence", Json(dict), nullable=False),
    Column("suggestion", Text),
    Column("decision", Text),
    Column("decided_by", Text),
    Column("decided_at", Date),
    Column("reason", Text),
    Column("until", Date),
    Column("frozen_evidence", Json(dict)),
    Column("decided_on", Json(dict)),
    Index("findings_by_check", "run", "check", "position", "severity", "status"),
    Index("findings_by_severity", "run", "severity", "position", "status"),
    Index("findings_by_status", "run", "status", "position"),
)

# What became of every finding that any run of a series had. `resolved_*` is null while it is there,
# `returned_run` unless it was resolved before.
FINDING_STATES = Table(
    "finding_states",
    METADATA,
    Column("series", Integer, ForeignKey("series.id"), primary_key=True),
    Column("key", String(64), primary_key=True),
    Column("check", Text, nullable=False),
    Column("severity", one_of(Severity), nullable=False),
    Column("status", one_of(FindingStatus), nullable=False),
    Column("img_id", Text),
    Column("question", Text),
    Column("answer", Text),
    Column("related", Json(list), nullable=False),
    Column("message", Text, nullable=False),
    Column("first_run", String(64), nullable=False),
    Column("first_seen", UtcTime, nullable=False),
    Column("last_run", String(64), nullable=False),
    Column("last_seen", UtcTime, nullable=False),
    Column("resolved_run", String(64)),
    Column("resolved_at", UtcTime),
    Column("returned_run", String(64)),
    Column("accepted_until", Date),
)

# The files of the audits, each content once, however many runs share it.
CONTENTS = Table(
    "contents",
    METADATA,
    Column("sha256", String(64), primary_key=True),
    Column("content", LargeBinary, nullable=False),
)

FILES = Table(
    "files",
    METADATA,
    Column("run", String(64), ForeignKey("runs.id"), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("sha256", String(64), ForeignKey("contents.sha256"), nullable=False),
)
