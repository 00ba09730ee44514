"""Findings, the checks that block and the policy come in; the findings that keep the version back go out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from kvqa_audit.model import CheckOutcome, Finding, FindingStatus, Severity
from kvqa_audit.release.codes import codes_in
from kvqa_audit.spec.release import Limit, Release


def blocking_findings(
    findings: Iterable[Finding],
    outcomes: Iterable[CheckOutcome],
    codes: Collection[str],
    release: Release,
    new: frozenset[str] | None = None,
) -> tuple[Finding, ...]:
    """The open findings of the checks that block, at or above the severity that makes them block.

    Args:
        findings: all findings of the audit.
        outcomes: what came of its checks.
        codes: the checks that block under this policy.
        release: the policy.
        new: the keys that the baseline does not know; None where there is no baseline, and all count as new.
    """
    floors = {outcome.code: limit_floor(outcome).rank for outcome in outcomes if outcome.code in release.limits}
    at_the_gate = None if release.fail_on == "never" else Severity(release.fail_on).rank
    if_new = None if release.no_new is None else Severity(release.no_new).rank

    def blocks(finding: Finding) -> bool:
        if finding.check in floors:
            is_grave = finding.severity.rank >= floors[finding.check]
        else:
            is_grave = at_the_gate is not None and finding.severity.rank >= at_the_gate
        is_new = new is None or finding.key in new
        return is_grave or (if_new is not None and finding.severity.rank >= if_new and is_new)

    return tuple(f for f in findings if f.status is FindingStatus.OPEN and f.check in codes and blocks(f))


def limit_floor(outcome: CheckOutcome) -> Severity:
    """The least severity that a limit on this check counts: notes only where the check itself is no more than one."""
    return Severity.INFO if outcome.severity is Severity.INFO else Severity.WARNING


def tolerated(outcome: CheckOutcome, release: Release) -> int:
    """How many open findings of a check the policy lets pass."""
    limit = release.limits.get(outcome.code)
    return 0 if limit is None else _most(limit, outcome.evaluated)


def _most(limit: Limit, evaluated: int) -> int:
    bounds = [] if limit.count is None else [limit.count]
    if limit.share is not None:
        bounds.append(int(limit.share * evaluated))
    return min(bounds)


@dataclass(frozen=True, slots=True)
class Together:
    """The open findings that a limit on a family of checks, or on a severity, bounds; its checks evaluated so much."""

    name: str
    limit: Limit
    findings: tuple[Finding, ...]
    evaluated: int

    @property
    def tolerated(self) -> int:
        return _most(self.limit, self.evaluated)


def limited_together(
    findings: Iterable[Finding], outcomes: Sequence[CheckOutcome], release: Release
) -> tuple[Together, ...]:
    """What the limits on more than one check bound, in the order of the policy.

    Args:
        findings: the open findings.
        outcomes: what came of the checks.
        release: the policy.
    """
    by_code, findings = {outcome.code: outcome for outcome in outcomes}, tuple(findings)
    together = []
    for name, limit in release.limits.items():
        if name in by_code:
            continue
        if name in tuple(Severity):
            evaluated = sum(outcome.evaluated for outcome in outcomes)
            together.append(Together(name, limit, tuple(f for f in findings if f.severity == name), evaluated))
        elif family := codes_in(name, by_code):
            least = {code: limit_floor(by_code[code]).rank for code in family}
            counted = tuple(f for f in findings if f.check in family and f.severity.rank >= least[f.check])
            together.append(Together(name, limit, counted, sum(by_code[code].evaluated for code in family)))
    return tuple(together)
