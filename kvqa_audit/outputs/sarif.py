"""A finished audit comes in; a SARIF 2.1.0 log that code hosts show, one result per check and question, goes out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import quote

from kvqa_audit.model import AuditRun, CheckOutcome, Finding, OutcomeStatus
from kvqa_audit.outputs.file_positions import LEVELS, FindingGroup, TableFile, grouped, table_file
from kvqa_audit.report.text import shown

# Code hosts show 5,000 results of a run and refuse more than 25,000.
MAX_RESULTS = 5_000
MAX_SAMPLE = 10
_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def sarif_log(run: AuditRun, *, max_results: int = MAX_RESULTS) -> str:
    """The log as JSON text; errors first, and where results are cut a notification says how many."""
    groups = grouped(run)
    kept = groups[:max_results]
    table = table_file(run)
    codes = [outcome.code for outcome in run.outcomes]
    log = {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": _driver(run)},
                "automationDetails": {"id": f"kvqa-audit/{run.dataset.name}/"},
                "invocations": [_invocation(run, groups, kept)],
                "columnKind": "unicodeCodePoints",
                "results": [_result(group, table, codes) for group in kept],
                "properties": {
                    "run_id": run.run_id,
                    "dataset_digest": run.dataset.digest,
                    "findings": len(run.findings),
                    "groups": len(groups),
                    "groups_cut": len(groups) - len(kept),
                },
            }
        ],
    }
    return json.dumps(log, ensure_ascii=True, indent=1, allow_nan=False)


def _driver(run: AuditRun) -> dict[str, Any]:
    return {
        "name": "kvqa-audit",
        "version": run.tool.get("version", ""),
        "rules": [_rule(run, outcome) for outcome in run.outcomes],
    }


def _rule(run: AuditRun, outcome: CheckOutcome) -> dict[str, Any]:
    doc = run.docs.get(outcome.code)
    rule: dict[str, Any] = {
        "id": outcome.code,
        "name": outcome.name,
        "defaultConfiguration": {"level": LEVELS[outcome.severity]},
        "properties": {"outcome": outcome.outcome.value, "evaluated": outcome.evaluated},
    }
    if doc:
        rule["shortDescription"] = {"text": shown(doc.title)}
        rule["fullDescription"] = {"text": shown(doc.why, 1_000)}
        rule["help"] = {"text": shown(f"Why: {doc.why} Fix: {doc.fix}", 1_000)}
    return rule


def _invocation(run: AuditRun, groups: Sequence[FindingGroup], kept: Sequence[FindingGroup]) -> dict[str, Any]:
    notifications = [
        {
            "level": "error" if outcome.outcome is OutcomeStatus.ERRORED else "note",
            "message": {"text": shown(f"{outcome.code} {outcome.outcome.value}: {outcome.reason}")},
            "associatedRule": {"id": outcome.code},
        }
        for outcome in run.outcomes
        if outcome.outcome in (OutcomeStatus.ERRORED, OutcomeStatus.SKIPPED, OutcomeStatus.VACUOUS)
    ]
    if len(kept) < len(groups):
        cut = groups[len(kept) :]
        findings = sum(len(group.findings) for group in cut)
        text = (
            f"{len(kept):,} of {len(groups):,} results are told, errors first; {len(cut):,} results with "
            f"{findings:,} findings were cut. findings.csv holds all."
        )
        notifications.append({"level": "warning", "message": {"text": text}})
    return {
        "executionSuccessful": all(o.outcome is not OutcomeStatus.ERRORED for o in run.outcomes),
        "startTimeUtc": _utc(run.started_at),
        "endTimeUtc": _utc(run.finished_at),
        "exitCode": run.exit_code,
        "toolExecutionNotifications": notifications,
    }


def _utc(moment: str) -> str:
    return moment.replace("+00:00", "Z")


def _result(group: FindingGroup, table: TableFile, codes: Sequence[str]) -> dict[str, Any]:
    """One check about one question: the count and a sample in words, the first place, and fingerprints.

    `primaryLocationLineHash` stays the same as long as the check finds anything about the question, so that a code
    host keeps one alert; `findingKeys/v1` changes as soon as one finding comes or goes.
    """
    first, *others = group.findings[:MAX_SAMPLE]
    about = _digest([group.check, group.question or ""])
    result: dict[str, Any] = {
        "ruleId": group.check,
        "ruleIndex": codes.index(group.check) if group.check in codes else -1,
        "level": LEVELS[group.severity],
        "message": {"text": _message(group)},
        "locations": [_location(first, table)],
        "occurrenceCount": len(group.findings),
        "partialFingerprints": {
            "primaryLocationLineHash": f"{about}:1",
            "findingKeys/v1": _digest(sorted(finding.key for finding in group.findings)),
        },
        "properties": {"keys": [finding.key for finding in group.findings[:MAX_SAMPLE]]},
    }
    if others:
        result["relatedLocations"] = [
            {**_location(other, table), "id": number, "message": {"text": shown(other.message)}}
            for number, other in enumerate(others, start=1)
        ]
    if group.waived:
        result["suppressions"] = [{"kind": "external", "status": "accepted"}]
    return result


def _message(group: FindingGroup) -> str:
    number = len(group.findings)
    count = f"{number:,} finding{'s' if number > 1 else ''}"
    about = f" about the question {shown(group.question)}" if group.question else ""
    sample = "; ".join(shown(finding.message, 200) for finding in group.findings[:3])
    more = f"; {number - 3:,} more" if number > 3 else ""
    return f"{count}{about}: {sample}{more}"


def _location(finding: Finding, table: TableFile) -> dict[str, Any]:
    physical: dict[str, Any] = {"artifactLocation": {"uri": quote(table.path)}}
    line = table.line_of(finding)
    if line is not None:
        physical["region"] = {"startLine": line}
    location: dict[str, Any] = {"physicalLocation": physical}
    names = [shown(name) for name in (finding.img_id, *finding.related) if name]
    if names:
        location["logicalLocations"] = [{"name": name, "kind": "object"} for name in names[:MAX_SAMPLE]]
    return location


def _digest(parts: Iterable[str]) -> str:
    text = json.dumps(list(parts), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]
