"""Outcomes and the release policy come in; one verdict goes out: may this version be released, and if not, why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from kvqa_audit.model import CheckOutcome, Finding, FindingStatus, OutcomeStatus, Severity
from kvqa_audit.spec.dataset_spec import Release

NOT_CHECKED = (OutcomeStatus.SKIPPED, OutcomeStatus.VACUOUS, OutcomeStatus.ERRORED)


@dataclass(frozen=True)
class Verdict:
    """May it be released; the outcomes that block, that warn, and that were not judged; and each reason in words.

    Outcomes whose findings are informative only stand in none of the three.

    `exit_code` is 0 clean, 1 findings at or above the gate, 3 incomplete; 3 wins over 1.
    """

    ready: bool
    sentence: str
    blockers: tuple[CheckOutcome, ...]
    warnings: tuple[CheckOutcome, ...]
    not_checked: tuple[CheckOutcome, ...]
    exit_code: int
    reasons: tuple[str, ...]


def judge(outcomes: Iterable[CheckOutcome], findings: Iterable[Finding], release: Release) -> Verdict:
    """Judges one audit. A required check that was skipped, vacuous or errored blocks, like a failed one."""
    outcomes = tuple(outcomes)
    gate = Severity(release.fail_on)
    worst = _worst_severities(findings)
    blockers, warnings, reasons = [], [], []
    for outcome in outcomes:
        if outcome.outcome is not OutcomeStatus.FAILED or outcome.code not in worst:
            continue
        if worst[outcome.code].rank >= gate.rank:
            blockers.append(outcome)
            reasons.append(f"{outcome.code} {outcome.name}: {outcome.violations:,} of {outcome.evaluated:,}")
        elif worst[outcome.code] is not Severity.INFO:
            warnings.append(outcome)
    not_checked = tuple(o for o in outcomes if o.outcome in NOT_CHECKED)
    unjudged = [o for o in not_checked if o.code in release.required]
    reasons += [f"{o.code} {o.name}: required, but {o.outcome.value} ({o.reason})" for o in unjudged]
    errored = [o for o in outcomes if o.outcome is OutcomeStatus.ERRORED]
    reasons += [f"{o.code} {o.name}: the check crashed ({o.reason})" for o in errored if o not in unjudged]
    judged = [o for o in outcomes if o.outcome in (OutcomeStatus.PASSED, OutcomeStatus.FAILED)]
    incomplete = bool(errored) or not judged
    if not judged:
        reasons.append("no check could be judged")
    ready = not reasons
    return Verdict(
        ready,
        _sentence(len(blockers), len(unjudged), len(errored), bool(judged)),
        tuple(blockers),
        tuple(warnings),
        not_checked,
        3 if incomplete else 0 if ready else 1,
        tuple(reasons),
    )


def _worst_severities(findings: Iterable[Finding]) -> dict[str, Severity]:
    worst: dict[str, Severity] = {}
    for finding in findings:
        if finding.status is not FindingStatus.OPEN:
            continue
        known = worst.get(finding.check)
        if known is None or finding.severity.rank > known.rank:
            worst[finding.check] = finding.severity
    return worst


def _sentence(blockers: int, unjudged: int, errored: int, any_judged: bool) -> str:
    if not any_judged:
        return "Not judged: no check could be run."
    parts = []
    if blockers:
        parts.append(f"{blockers} check{'s' if blockers > 1 else ''} found defects that block")
    if unjudged:
        parts.append(f"{unjudged} required check{'s' if unjudged > 1 else ''} could not be judged")
    if errored:
        parts.append(f"{errored} check{'s' if errored > 1 else ''} crashed")
    return f"Not ready: {', '.join(parts)}." if parts else "Ready: nothing that blocks was found."
