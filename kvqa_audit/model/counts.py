"""Findings come in; how many there are, by severity, by check and by waiver, goes out: the one place that counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from kvqa_audit.model.finding import Finding, FindingDecision, FindingStatus, Severity
from kvqa_audit.model.verdict import Counts, Tally

_KINDS = {Severity.ERROR: "errors", Severity.WARNING: "warnings", Severity.INFO: "notes"}


def count_findings(findings: Iterable[Finding], blocking: Collection[str] = frozenset()) -> Tally:
    """Counts findings.

    Args:
        findings: all findings of an audit, waived ones too.
        blocking: the keys of those that keep the version back.
    """
    by_check: dict[str, Counter[str]] = {}
    for finding in findings:
        counted = by_check.setdefault(finding.check, Counter())
        counted[_KINDS[finding.severity] if finding.status is FindingStatus.OPEN else "waived"] += 1
        counted["blocking"] += finding.key in blocking
    total = sum(by_check.values(), Counter[str]())
    return Tally(Counts(**total), {code: Counts(**counted) for code, counted in by_check.items()})


def in_words(counts: Counts) -> str:
    """The open findings as `2 errors, 1 warning`, and `none open` where there are none; waived ones at the end."""
    named = ((counts.errors, "error"), (counts.warnings, "warning"), (counts.notes, "note"))
    told = [f"{number:,} {word}{'' if number == 1 else 's'}" for number, word in named if number] or ["none open"]
    return ", ".join([*told, *([f"{counts.waived:,} waived"] if counts.waived else [])])


@dataclass(frozen=True, slots=True)
class Waiver:
    """Findings of one check that were waived alike; no decision where an earlier version did not keep it."""

    number: int
    check: str
    decision: FindingDecision | None

    @property
    def words(self) -> str:
        """As what, by whom, when, until when, and why."""
        one = self.decision
        if one is None:
            return "nobody told why"
        until = f"until {one.until}" if one.until else "for ever"
        return f"{one.verdict} by {one.decided_by} on {one.decided_at}, {until}: {one.reason}"


def waivers_of(findings: Iterable[Finding]) -> tuple[Waiver, ...]:
    """The waived findings, those that were waived alike together, the most first."""
    alike = Counter((f.check, f.decision) for f in findings if f.status is FindingStatus.WAIVED)
    return tuple(Waiver(number, check, decision) for (check, decision), number in alike.most_common())
