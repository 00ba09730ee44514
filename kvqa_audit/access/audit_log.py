"""What somebody did comes in and is kept for good; pages of it go out, newest first."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from kvqa_audit.access.records import LogEntry
from kvqa_audit.store.access_tables import AUDIT_LOG
from kvqa_audit.store.cells import fetched, kept_text


def log(
    connection: Connection,
    who: str,
    action: str,
    *,
    dataset: int | None = None,
    about: str = "",
    detail: Mapping[str, Any] | None = None,
    address: str | None = None,
    now: datetime,
) -> None:
    """Adds a line, in the transaction of what it tells, so that neither is there without the other."""
    row = {"at": now, "who": kept_text(who), "action": action, "dataset": dataset, "about": kept_text(about)}
    connection.execute(insert(AUDIT_LOG), {**row, "detail": dict(detail or {}), "address": address})


def log_page(
    connection: Connection, *, before: int | None = None, limit: int = 50, dataset: int | None = None
) -> tuple[LogEntry, ...]:
    """At most `limit` lines older than the one with the id `before`, of one dataset if it is named."""
    c = AUDIT_LOG.c
    wanted = select(AUDIT_LOG).order_by(c.id.desc()).limit(limit)
    if before is not None:
        wanted = wanted.where(c.id < before)
    if dataset is not None:
        wanted = wanted.where(c.dataset == dataset)
    return tuple(LogEntry(**row) for row in fetched(connection, wanted))
