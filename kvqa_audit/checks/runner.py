"""Checks and evidence come in; outcomes and keyed findings go out. A check that crashes costs itself alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from kvqa_audit.checks.base import Check, Checked, Defect, Evidence, Skipped
from kvqa_audit.model import CheckOutcome, Finding, OutcomeStatus, Severity, with_keys


def run_checks(
    checks: Iterable[Check], evidence: Evidence, on_progress: Callable[[int], None] | None = None
) -> tuple[tuple[CheckOutcome, ...], tuple[Finding, ...]]:
    """Runs every check, in order; `on_progress` is told of each."""
    outcomes: list[CheckOutcome] = []
    findings: list[Finding] = []
    for check in checks:
        outcome, found = run_check(check, evidence)
        outcomes.append(outcome)
        findings.extend(found)
        if on_progress is not None:
            on_progress(1)
    return tuple(outcomes), tuple(findings)


def run_check(check: Check, evidence: Evidence) -> tuple[CheckOutcome, tuple[Finding, ...]]:
    """Runs one check and gives its outcome and its findings."""
    started = time.perf_counter()
    findings: tuple[Finding, ...] = ()
    evaluated, measured, threshold, reason = 0, None, None, None
    most = _most_severe(check, evidence)
    try:
        answer = _missing(check, evidence) or check.run(evidence)
        if isinstance(answer, Skipped):
            status, reason = OutcomeStatus.SKIPPED, answer.reason
        else:
            findings = with_keys(_finding(check, defect, most) for defect in answer.defects)
            evaluated = answer.evaluated
            status = _status(evaluated, len(findings))
            if status is OutcomeStatus.VACUOUS:
                reason = f"no {check.doc.unit} to judge"
            measured, threshold = _measured(answer, len(findings))
    except Exception as error:  # noqa: BLE001 - whatever a check does wrong must not end the audit
        status, reason, findings = OutcomeStatus.ERRORED, f"{type(error).__name__}: {error}", ()
    outcome = CheckOutcome(
        check.code,
        check.name,
        min(check.severity, most, key=lambda severity: severity.rank),
        status,
        reason,
        evaluated,
        len(findings),
        0,
        measured,
        threshold,
        round(time.perf_counter() - started, 6),
    )
    return outcome, findings


def _missing(check: Check, evidence: Evidence) -> Skipped | None:
    for need in check.needs:
        if need in evidence.absent:
            return Skipped(evidence.absent[need])
    return None


def _status(evaluated: int, violations: int) -> OutcomeStatus:
    if violations:
        return OutcomeStatus.FAILED
    return OutcomeStatus.PASSED if evaluated else OutcomeStatus.VACUOUS


def _measured(answer: Checked, violations: int) -> tuple[float | None, float | None]:
    if answer.measured is not None:
        return answer.measured, answer.threshold
    if not answer.evaluated:
        return None, 0.0
    return violations / answer.evaluated, 0.0


def _most_severe(check: Check, evidence: Evidence) -> Severity:
    """What the data are held to may itself be drawn from them, and be wrong."""
    inferred = check.by_description and evidence.spec.made_by == "auto"
    return Severity.WARNING if inferred else Severity.ERROR


def _finding(check: Check, defect: Defect, most: Severity) -> Finding:
    return Finding(
        check.code,
        min(defect.severity or check.severity, most, key=lambda severity: severity.rank),
        defect.message,
        defect.img_id,
        defect.question,
        defect.answer,
        defect.row,
        defect.score,
        defect.related,
        dict(defect.evidence),
        defect.suggestion,
    )
