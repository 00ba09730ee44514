"""The findings of a run come in and are kept a row each; pages of them go out, by index."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, insert, select

from kvqa_audit.artifacts.tables import FINDING_COLUMNS
from kvqa_audit.model import AuditRun, Finding
from kvqa_audit.store.cells import fetched, kept_text
from kvqa_audit.store.records import StoredFinding
from kvqa_audit.store.tables import FINDINGS

_ROWS_AN_INSERT = 5_000


def keep_findings(connection: Connection, run: AuditRun) -> None:
    """Writes every finding of the run, in its order."""
    for start in range(0, len(run.findings), _ROWS_AN_INSERT):
        part = run.findings[start : start + _ROWS_AN_INSERT]
        rows = [{"run": run.run_id, "position": at, **_cells(one)} for at, one in enumerate(part, start)]
        connection.execute(insert(FINDINGS), rows)


def page_of(
    connection: Connection, run_id: str, filters: Mapping[str, str | None], *, after: int, limit: int
) -> tuple[StoredFinding, ...]:
    """At most `limit` findings of the run behind the place `after`, all with what the filters name by column."""
    c = FINDINGS.c
    of = [c[name] == value for name, value in filters.items() if value is not None]
    # An index alone tells which rows these are; only they are then read.
    places = select(c.position).where(c.run == run_id, c.position > after, *of).order_by(c.position).limit(limit)
    rows = fetched(connection, select(FINDINGS).where(c.run == run_id, c.position.in_(places)).order_by(c.position))
    return tuple(StoredFinding(row["position"], row["group"], _finding(row)) for row in rows)


def told(finding: Finding) -> dict[str, Any]:
    """What a finding says, in the columns that a run's findings and the states over a series share."""
    return {
        "severity": finding.severity,
        "status": finding.status,
        "img_id": kept_text(finding.img_id),
        "question": kept_text(finding.question),
        "answer": kept_text(finding.answer),
        "related": tuple(kept_text(one) for one in finding.related),
        "message": kept_text(finding.message),
    }


def _cells(finding: Finding) -> dict[str, Any]:
    group = finding.evidence.get("group")
    return {
        **told(finding),
        "key": finding.key,
        "check": finding.check,
        # Numbers of other libraries would come back as bytes.
        "row": None if finding.row is None else int(finding.row),
        "score": None if finding.score is None else float(finding.score),
        "group": kept_text(group) if isinstance(group, str) else None,
        "evidence": dict(finding.evidence),
        "suggestion": kept_text(finding.suggestion),
    }


def _finding(row: dict[str, Any]) -> Finding:
    return Finding(**{**{name: row[name] for name in FINDING_COLUMNS}, "related": tuple(row["related"])})
