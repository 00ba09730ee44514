"""Nothing comes in; the tables of who may see and do what, on the same metadata as the runs, go out."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint

from kvqa_audit.store.cells import Json, UtcTime, one_of
from kvqa_audit.store.job_tables import DATASETS
from kvqa_audit.store.tables import METADATA


class Role(StrEnum):
    """What somebody may do with a dataset, least first; each may do what the one before may.

    A viewer sees it, a reviewer decides about findings, a maintainer edits and runs it, an admin says who may do so.
    """

    VIEWER = "viewer"
    REVIEWER = "reviewer"
    MAINTAINER = "maintainer"
    ADMIN = "admin"

    @property
    def rank(self) -> int:
        return list(Role).index(self)


# `role` holds for every dataset; null for who has roles on single datasets only. An admin of all is an administrator.
USERS = Table(
    "users",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("password", Text),
    Column("role", one_of(Role)),
    Column("created_at", UtcTime, nullable=False),
    Column("disabled_at", UtcTime),
    Column("version", Integer, nullable=False),
)

DATASET_ROLES = Table(
    "dataset_roles",
    METADATA,
    Column("user", Integer, ForeignKey("users.id"), primary_key=True),
    Column("dataset", Integer, ForeignKey(DATASETS.c.id, ondelete="CASCADE"), primary_key=True),
    Column("role", one_of(Role), nullable=False),
)

# Of sessions, tokens and links only the SHA-256 is kept: who reads the store cannot log in with it.
SESSIONS = Table(
    "sessions",
    METADATA,
    Column("sha256", String(64), primary_key=True),
    Column("user", Integer, ForeignKey("users.id"), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("seen_at", UtcTime, nullable=False),
    Index("sessions_by_user", "user"),
)

TOKENS = Table(
    "tokens",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("user", Integer, ForeignKey("users.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("sha256", String(64), nullable=False, unique=True),
    Column("scope", String(10), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    Column("used_at", UtcTime),
    UniqueConstraint("user", "name"),
)

ONE_TIME_LINKS = Table(
    "one_time_links",
    METADATA,
    Column("sha256", String(64), primary_key=True),
    Column("user", Integer, ForeignKey("users.id"), nullable=False),
    Column("expires_at", UtcTime, nullable=False),
)

LOGIN_FAILURES = Table(
    "login_failures",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("at", UtcTime, nullable=False),
    Index("login_failures_by_address", "address", "at"),
)

# Triggers of the migration refuse to change or to remove a row.
AUDIT_LOG = Table(
    "audit_log",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("at", UtcTime, nullable=False),
    Column("who", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("dataset", Integer),
    Column("about", Text, nullable=False),
    Column("detail", Json(dict), nullable=False),
    Column("address", Text),
    Index("audit_log_by_dataset", "dataset", "id"),
)

# What a write was answered with, so that the same write, sent again, is not done again. Status 0: it is being done.
ANSWERS = Table(
    "answers",
    METADATA,
    Column("user", Integer, ForeignKey("users.id"), primary_key=True),
    Column("key", String(200), primary_key=True),
    Column("request_sha256", String(64), nullable=False),
    Column("status", Integer, nullable=False),
    Column("headers", Json(dict), nullable=False),
    Column("body", Text, nullable=False),
    Column("at", UtcTime, nullable=False),
)
