"""The findings of a run come in and are kept a row each; pages of them go out, by index."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Select, insert, select

from kvqa_audit.artifacts.tables import DECISION_COLUMNS, FINDING_COLUMNS
from kvqa_audit.errors import StoreError
from kvqa_audit.model import AuditRun, Finding, FindingDecision, FindingStatus, FrozenEvidence
from kvqa_audit.model.counts import Waiver
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
    return findings_at(connection, run_id, places)


def findings_at(connection: Connection, run_id: str, places: Select[Any]) -> tuple[StoredFinding, ...]:
    """The findings of the run at the positions that a query gives, in their order."""
    c = FINDINGS.c
    rows = fetched(connection, select(FINDINGS).where(c.run == run_id, c.position.in_(places)).order_by(c.position))
    return tuple(StoredFinding(row["position"], row["group"], _finding(row)) for row in rows)


def waivers_in(connection: Connection, run_id: str) -> tuple[Waiver, ...]:
    """The waived findings of the run, those that were waived alike together, the most first."""
    c = FINDINGS.c
    of_run = select(c.check, *(c[name] for name in DECISION_COLUMNS)).where(
        c.run == run_id, c.status == FindingStatus.WAIVED
    )
    alike = Counter((row["check"], _decision(row)) for row in fetched(connection, of_run))
    return tuple(Waiver(number, check, decision) for (check, decision), number in alike.most_common())


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
    decided_on = None if finding.decision is None else finding.decision.decided_on
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
        **_decision_cells(finding.decision),
        "frozen_evidence": None if finding.frozen_evidence is None else finding.frozen_evidence.as_json(),
        "decided_on": None if decided_on is None else decided_on.as_json(),
    }


def _decision_cells(decision: FindingDecision | None) -> dict[str, Any]:
    if decision is None:
        return dict.fromkeys(DECISION_COLUMNS)
    return {
        "decision": decision.verdict,
        "decided_by": kept_text(decision.decided_by),
        "decided_at": decision.decided_at,
        "reason": kept_text(decision.reason),
        "until": decision.until,
    }


def _decision(row: Mapping[str, Any]) -> FindingDecision | None:
    """The decision in the row, None where there is none, or where an earlier version did not keep it."""
    verdict, who, when, reason, until = (row[name] for name in DECISION_COLUMNS)
    if verdict is None:
        return None
    return FindingDecision(verdict, who, when, reason, until, _evidence(row.get("decided_on")))


def _evidence(cell: Mapping[str, Any] | None) -> FrozenEvidence | None:
    try:
        return None if cell is None else FrozenEvidence.of_json(cell)
    except ValueError as error:
        raise StoreError(f"table findings: holds frozen evidence that cannot be read ({error})") from None


def _finding(row: dict[str, Any]) -> Finding:
    told = {name: row[name] for name in FINDING_COLUMNS}
    return Finding(
        **{
            **told,
            "related": tuple(row["related"]),
            "decision": _decision(row),
            "frozen_evidence": _evidence(row["frozen_evidence"]),
        }
    )
