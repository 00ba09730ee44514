"""The findings of one run come in; what is known about each finding of its series is brought up to date."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from kvqa_audit.artifacts.tables import storable
from kvqa_audit.compare.findings import judged_checks
from kvqa_audit.model import AuditRun, Finding, FindingStatus, Severity
from kvqa_audit.release.changes import FindingChanges, findings_since, renamed_findings
from kvqa_audit.store.records import FindingState
from kvqa_audit.store.tables import FINDINGS

_COLUMNS = tuple(FindingState.__dataclass_fields__)


def bring_up_to_date(connection: Connection, series: str, run: AuditRun, renamed: Mapping[str, str]) -> FindingChanges:
    """Notes every finding of the run as seen, and those that are gone as resolved; tells what changed by that.

    Findings of checks that were not judged stay as they were. Those about renamed images keep their history.
    """
    known = {state.key: state for state in states_of(connection, series)}
    there = [_as_finding(state) for state in known.values() if state.resolved_run is None]
    judged = judged_checks(run)
    changes = findings_since(there, run.findings, judged=judged, renamed=renamed)
    today = {finding.key: finding for finding in run.findings}
    known = _rename(connection, series, known, there, renamed, today)
    _write_findings(connection, series, run, known, today)
    gone = [key for key, state in known.items() if state.resolved_run is None and key not in today]
    resolved = [key for key in gone if known[key].check in judged]
    _update(
        connection,
        series,
        [{"of": key, "resolved_run": run.run_id, "resolved_at": run.finished_at} for key in resolved],
    )
    connection.execute(
        update(FINDINGS)
        .where(FINDINGS.c.series == series, FINDINGS.c.resolved_run.is_(None), FINDINGS.c.check.in_(judged))
        .values(last_run=run.run_id, last_seen=run.finished_at)
    )
    return changes


def states_of(connection: Connection, series: str) -> tuple[FindingState, ...]:
    """Every finding that any run of the series had, by check and key."""
    columns = [FINDINGS.c[name] for name in _COLUMNS]
    rows = connection.execute(
        select(*columns).where(FINDINGS.c.series == series).order_by(FINDINGS.c.check, FINDINGS.c.key)
    )
    return tuple(FindingState(**{**row, "related": tuple(json.loads(row["related"]))}) for row in rows.mappings())


def kept_text(text: str | None) -> str | None:
    """Text that every database can hold: PostgreSQL refuses the character NUL."""
    clean = storable(text)
    return clean if clean is None else clean.replace("\0", "\\x00")


def _as_finding(state: FindingState) -> Finding:
    return Finding(
        state.check,
        Severity(state.severity),
        state.message,
        state.img_id,
        state.question,
        state.answer,
        related=state.related,
        status=FindingStatus(state.status),
        key=state.key,
    )


def _rename(
    connection: Connection,
    series: str,
    known: Mapping[str, FindingState],
    there: Iterable[Finding],
    renamed: Mapping[str, str],
    today: Collection[str],
) -> dict[str, FindingState]:
    """Gives the findings about renamed images their key of today; what stood under that key before gives way."""
    there = tuple(there)
    moved = {
        old.key: new.key
        for old, new in zip(there, renamed_findings(there, renamed), strict=True)
        if new.key != old.key and new.key in today
    }
    if moved:
        in_the_way = [{"of": key} for key in moved.values() if key in known]
        if in_the_way:
            connection.execute(
                delete(FINDINGS).where(FINDINGS.c.series == series, FINDINGS.c.key == bindparam("of")), in_the_way
            )
        _update(connection, series, [{"of": old, "key": new} for old, new in moved.items()])
    kept = {key: state for key, state in known.items() if key not in moved.values()}
    return {moved.get(key, key): state for key, state in kept.items()}


def _write_findings(
    connection: Connection,
    series: str,
    run: AuditRun,
    known: Mapping[str, FindingState],
    today: Mapping[str, Finding],
) -> None:
    seen = {"last_run": run.run_id, "last_seen": run.finished_at, "resolved_run": None, "resolved_at": None}
    first = {"series": series, "first_run": run.run_id, "first_seen": run.finished_at, **seen}
    added, changed = [], []
    for key, finding in today.items():
        told = _told(finding)
        state = known.get(key)
        if state is None:
            added.append({"key": key, "check": finding.check, **first, **told})
        elif state.resolved_run is not None or told != _told(_as_finding(state)):
            changed.append({"of": key, **seen, **told})
    if added:
        connection.execute(insert(FINDINGS), added)
    _update(connection, series, changed)


def _told(finding: Finding) -> dict[str, Any]:
    return {
        "severity": finding.severity.value,
        "status": finding.status.value,
        "img_id": kept_text(finding.img_id),
        "question": kept_text(finding.question),
        "answer": kept_text(finding.answer),
        "related": json.dumps([kept_text(one) for one in finding.related]),
        "message": kept_text(finding.message),
    }


def _update(connection: Connection, series: str, changes: list[dict[str, Any]]) -> None:
    """Sets the columns that each change names in the row whose key is its `of`."""
    if not changes:
        return
    columns: dict[str, Any] = {name: bindparam(f"to_{name}") for name in changes[0] if name != "of"}
    statement = update(FINDINGS).where(FINDINGS.c.series == series, FINDINGS.c.key == bindparam("of")).values(**columns)
    bound = [{name if name == "of" else f"to_{name}": value for name, value in one.items()} for one in changes]
    connection.execute(statement, bound)
