"""Nothing comes in; the tables of the run store, as this version of the program has them, go out.

What is here is the newest step of `migrations/versions`; a test compares both.
"""

from __future__ import annotations

from sqlalchemy import (
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

METADATA = MetaData()

# A series are the runs over the versions of one dataset: what is new or resolved is told against the last one of them.
SERIES = Table(
    "series",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("last_run", String(64)),
)

RUNS = Table(
    "runs",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("series", Text, ForeignKey("series.name"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("dataset", Text, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("location", Text, nullable=False),
    Column("revision", Text),
    Column("rows", Integer, nullable=False),
    Column("images", Integer, nullable=False),
    Column("started_at", String(40), nullable=False),
    Column("finished_at", String(40), nullable=False),
    Column("version", String(40), nullable=False),
    Column("exit_code", Integer, nullable=False),
    Column("verdict", String(20), nullable=False),
    Column("errors", Integer, nullable=False),
    Column("warnings", Integer, nullable=False),
    Column("notices", Integer, nullable=False),
    Column("waived", Integer, nullable=False),
    Column("new", Integer),
    Column("resolved", Integer),
    Column("still_open", Integer),
    Index("runs_by_series", "series", "number", unique=True),
)

OUTCOMES = Table(
    "outcomes",
    METADATA,
    Column("run", String(64), ForeignKey("runs.id"), primary_key=True),
    Column("code", Text, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("severity", String(10), nullable=False),
    Column("outcome", String(10), nullable=False),
    Column("reason", Text),
    Column("evaluated", Integer, nullable=False),
    Column("violations", Integer, nullable=False),
    Column("waived", Integer, nullable=False),
    Column("measured", Float(53)),
    Column("threshold", Float(53)),
    Column("seconds", Float(53), nullable=False),
)

# What became of every finding that any run of a series had. `resolved_*` is null while it is there.
FINDINGS = Table(
    "findings",
    METADATA,
    Column("series", Text, ForeignKey("series.name"), primary_key=True),
    Column("key", String(64), primary_key=True),
    Column("check", Text, nullable=False),
    Column("severity", String(10), nullable=False),
    Column("status", String(10), nullable=False),
    Column("img_id", Text),
    Column("question", Text),
    Column("answer", Text),
    Column("related", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("first_run", String(64), nullable=False),
    Column("first_seen", String(40), nullable=False),
    Column("last_run", String(64), nullable=False),
    Column("last_seen", String(40), nullable=False),
    Column("resolved_run", String(64)),
    Column("resolved_at", String(40)),
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
