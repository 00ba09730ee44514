"""The outcomes and findings of two audits come in; what changed check by check goes out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kvqa_audit.model import JUDGED, AuditRun, CheckOutcome, Finding, OutcomeStatus, Severity
from kvqa_audit.release.changes import FindingChanges, findings_since


@dataclass(frozen=True, slots=True)
class CheckChange:
    """One check in two audits; what came of it is None where it was not run.

    `still_open` counts the reopened ones too. A newly judged check's findings are new because nobody looked.
    """

    code: str
    name: str
    severity: Severity
    before: OutcomeStatus | None
    after: OutcomeStatus | None
    new: int
    resolved: int
    still_open: int

    @property
    def is_newly_judged(self) -> bool:
        """Whether the check was judged after, and not before."""
        return self.before not in JUDGED and self.after in JUDGED


def changes_since(before: AuditRun, after: AuditRun, renamed: Mapping[str, str]) -> FindingChanges:
    """The findings by key; those of checks that were not judged today are not taken for resolved."""
    return findings_since(before.findings, after.findings, judged=judged_checks(after), renamed=renamed)


def judged_checks(run: AuditRun) -> set[str]:
    """The codes of the checks that passed or failed."""
    return {outcome.code for outcome in run.outcomes if outcome.outcome in JUDGED}


def check_changes(before: AuditRun, after: AuditRun, findings: FindingChanges) -> tuple[CheckChange, ...]:
    """One entry a check of either audit, in today's order; checks that are gone come last."""
    old, new = _by_code(before), _by_code(after)
    counts = {kind: _per_check(getattr(findings, kind)) for kind in ("new", "resolved", "still_open", "reopened")}
    return tuple(
        CheckChange(
            code=code,
            name=(new.get(code) or old[code]).name,
            severity=(new.get(code) or old[code]).severity,
            before=old[code].outcome if code in old else None,
            after=new[code].outcome if code in new else None,
            new=counts["new"][code],
            resolved=counts["resolved"][code],
            still_open=counts["still_open"][code] + counts["reopened"][code],
        )
        for code in {**new, **old}
    )


def _by_code(run: AuditRun) -> dict[str, CheckOutcome]:
    return {outcome.code: outcome for outcome in run.outcomes}


def _per_check(findings: Iterable[Finding]) -> Counter[str]:
    return Counter(finding.check for finding in findings)
