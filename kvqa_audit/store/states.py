"""The findings of one run come in; what is known about each finding of its series is brought up to date."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from kvqa_audit.compare.findings import judged_checks
from kvqa_audit.model import AuditRun, Finding, FindingStatus
from kvqa_audit.release.changes import FindingChanges, findings_since, renamed_findings
from kvqa_audit.store.cells import fetched, moment
from kvqa_audit.store.findings import told
from kvqa_audit.store.records import FindingState
from kvqa_audit.store.tables import FINDING_STATES, PROJECTS, SERIES

_COLUMNS = tuple(FindingState.__dataclass_fields__)
States = dict[str, FindingState]


def bring_up_to_date(connection: Connection, series: int, run: AuditRun, renamed: Mapping[str, str]) -> FindingChanges:
    """Notes every finding of the run as seen, and those that are gone as resolved; tells what changed by that.

    Findings of checks that were not judged stay as they were. Those about renamed images keep their history.
    """
    known = {state.key: state for state in states_of(connection, SERIES.c.id == series)}
    there = tuple(_as_finding(state) for state in known.values() if state.resolved_run is None)
    judged = judged_checks(run)
    states = _with_names_of_today(known, there, renamed)
    _see(states, run)
    _resolve(states, run, judged)
    _write(connection, series, known, states)
    connection.execute(
        update(FINDING_STATES)
        .where(
            FINDING_STATES.c.series == series,
            FINDING_STATES.c.resolved_run.is_(None),
            FINDING_STATES.c.check.in_(judged),
        )
        .values(last_run=run.run_id, last_seen=moment(run.finished_at))
    )
    return findings_since(there, run.findings, judged=judged, renamed=renamed)


def states_of(connection: Connection, *of: Any) -> tuple[FindingState, ...]:
    """Every finding that any run had, by check and key, of the series that these conditions hold for."""
    c = FINDING_STATES.c
    tables = FINDING_STATES.join(SERIES, c.series == SERIES.c.id).join(PROJECTS, SERIES.c.project == PROJECTS.c.id)
    wanted = select(*(c[name] for name in _COLUMNS)).select_from(tables).where(*of).order_by(c.check, c.key)
    return tuple(FindingState(**{**row, "related": tuple(row["related"])}) for row in fetched(connection, wanted))


def _as_finding(state: FindingState) -> Finding:
    return Finding(
        state.check,
        state.severity,
        state.message,
        state.img_id,
        state.question,
        state.answer,
        related=state.related,
        status=state.status,
        key=state.key,
    )


def _with_names_of_today(known: States, there: tuple[Finding, ...], renamed: Mapping[str, str]) -> States:
    """The states, those about renamed images under their key of today; what stood under that key before gives way."""
    pairs = zip(there, renamed_findings(there, renamed), strict=True)
    moved = {old.key: new for old, new in pairs if new.key != old.key}
    stayed = {key: state for key, state in known.items() if key not in moved}
    today = (replace(known[old], key=new.key, img_id=new.img_id, related=new.related) for old, new in moved.items())
    return {**stayed, **{state.key: state for state in today}}


def _see(states: States, run: AuditRun) -> None:
    seen: dict[str, Any] = {"last_run": run.run_id, "last_seen": moment(run.finished_at)}
    seen.update(resolved_run=None, resolved_at=None)
    for finding in run.findings:
        state, says = states.get(finding.key), {**told(finding), "accepted_until": _accepted_until(finding)}
        if state is None:
            first = {"first_run": run.run_id, "first_seen": seen["last_seen"]}
            states[finding.key] = FindingState(key=finding.key, check=finding.check, **says, **first, **seen)
        elif state.resolved_run is not None:
            states[finding.key] = replace(state, **says, **seen, returned_run=run.run_id)
        elif any(getattr(state, name) != value for name, value in says.items()):
            states[finding.key] = replace(state, **says, **seen)


def _accepted_until(finding: Finding) -> date | None:
    waived = finding.status is FindingStatus.WAIVED and finding.decision is not None
    return finding.decision.until if waived and finding.decision else None


def _resolve(states: States, run: AuditRun, judged: set[str]) -> None:
    today = {finding.key for finding in run.findings}
    for key, state in states.items():
        if state.resolved_run is None and key not in today and state.check in judged:
            ended_at = moment(run.finished_at)
            states[key] = replace(state, resolved_run=run.run_id, resolved_at=ended_at, returned_run=None)


def _write(connection: Connection, series: int, known: States, states: States) -> None:
    """Replaces the rows of the states that differ."""
    c = FINDING_STATES.c
    if gone := [{"of": key} for key, state in known.items() if states.get(key) != state]:
        connection.execute(delete(FINDING_STATES).where(c.series == series, c.key == bindparam("of")), gone)
    added = [state for key, state in states.items() if known.get(key) != state]
    if added:
        rows = [{"series": series, **{name: getattr(state, name) for name in _COLUMNS}} for state in added]
        connection.execute(insert(FINDING_STATES), rows)
