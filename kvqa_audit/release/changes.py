"""The findings of two audits come in; which are new, resolved or still open goes out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from kvqa_audit.model import Finding, FindingStatus, Severity, with_keys


@dataclass(frozen=True, slots=True)
class FindingChanges:
    """What became of the findings of an earlier audit, the baseline; each finding of both stands in one place at most.

    `new` were not known; `still_open` were open and are; `reopened` were waived and are open again. These three are
    the open findings of today, as today's audit tells them. `resolved` were open and are gone; `decided` were open and
    are waived now; `not_judged` were open and belong to checks that were not judged today, so that nobody knows.
    `resolved` and `not_judged` are as the baseline tells them.
    """

    new: tuple[Finding, ...]
    resolved: tuple[Finding, ...]
    still_open: tuple[Finding, ...]
    reopened: tuple[Finding, ...] = ()
    decided: tuple[Finding, ...] = ()
    not_judged: tuple[Finding, ...] = ()

    def new_at(self, least: Severity) -> tuple[Finding, ...]:
        """The new findings of at least this severity."""
        return tuple(finding for finding in self.new if finding.severity.rank >= least.rank)

    def record(self, run_id: str, date: str) -> dict[str, Any]:
        """The changes as JSON values, with the baseline's run and date: what an audit keeps as metrics["baseline"]."""
        severities = Counter(finding.severity.value for finding in self.new)
        return {
            "run_id": run_id,
            "date": date,
            "new": len(self.new),
            "resolved": len(self.resolved),
            "still_open": len(self.still_open),
            "reopened": len(self.reopened),
            "decided": len(self.decided),
            "not_judged": len(self.not_judged),
            "new_by_severity": {severity.value: severities[severity.value] for severity in Severity},
            "new_keys": sorted(finding.key for finding in self.new),
        }


def findings_since(
    baseline: Iterable[Finding],
    findings: Iterable[Finding],
    *,
    judged: Collection[str] | None = None,
    renamed: Mapping[str, str] | None = None,
) -> FindingChanges:
    """Compares two audits' findings by their keys.

    Args:
        baseline: all findings of the earlier audit, with keys.
        findings: all findings of today, with keys.
        judged: codes of the checks that were judged today; None takes all for judged.
        renamed: earlier id → today's id of images that only changed their name.
    """
    before = {finding.key: finding for finding in renamed_findings(tuple(baseline), renamed or {})}
    today = {finding.key: finding for finding in findings}
    opened = [finding for finding in today.values() if finding.status is FindingStatus.OPEN]
    was_open = {key: finding for key, finding in before.items() if finding.status is FindingStatus.OPEN}
    gone = [finding for key, finding in was_open.items() if key not in today]
    unknown = [finding for finding in gone if judged is not None and finding.check not in judged]
    return FindingChanges(
        new=tuple(finding for finding in opened if finding.key not in before),
        resolved=tuple(finding for finding in gone if judged is None or finding.check in judged),
        still_open=tuple(finding for finding in opened if finding.key in was_open),
        reopened=tuple(finding for finding in opened if finding.key in before and finding.key not in was_open),
        decided=tuple(f for f in today.values() if f.status is not FindingStatus.OPEN and f.key in was_open),
        not_judged=tuple(unknown),
    )


def renamed_findings(findings: tuple[Finding, ...], renamed: Mapping[str, str]) -> tuple[Finding, ...]:
    """The findings, in their order, with today's ids and the keys that go with them.

    Args:
        findings: all findings of an audit; those about other images stay as they are.
        renamed: earlier id → today's id.
    """
    if not renamed:
        return findings
    moved = with_keys(_with_ids(finding, renamed) for finding in findings)
    return tuple(
        new if (new.img_id, new.related) != (old.img_id, old.related) else old
        for old, new in zip(findings, moved, strict=True)
    )


def _with_ids(finding: Finding, renamed: Mapping[str, str]) -> Finding:
    img_id = finding.img_id if finding.img_id is None else renamed.get(finding.img_id, finding.img_id)
    return replace(finding, img_id=img_id, related=tuple(renamed.get(one, one) for one in finding.related))
