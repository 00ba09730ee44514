"""A finished audit, its verdict and what blocks come in; the first lines of the page go out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kvqa_audit.model import AuditRun, Finding, FindingStatus, ImageGroups
from kvqa_audit.release.gate import Verdict
from kvqa_audit.release.sentence import counted

MAX_WAIVED_NAMED = 50
MAX_NEW_NAMED = 5


@dataclass(frozen=True, slots=True)
class Lead:
    """What stands under the verdict.

    `counted` says how many findings block; `grouped` how many groups the images are of, "" where nothing tells; `scope`
    whether the whole dataset was looked at; `waived` are the findings that somebody accepted or judged false;
    `next_steps` say what to do, in order.
    """

    blocking: int
    counted: str
    grouped: str
    scope: str
    waived: tuple[Finding, ...]
    waived_total: int
    next_steps: tuple[str, ...]
    reasons: tuple[str, ...]


def lead(run: AuditRun, verdict: Verdict, blocking: tuple[Finding, ...]) -> Lead:
    """The first lines; nothing in them hangs on what the page has room for."""
    waived = [finding for finding in run.findings if finding.status is FindingStatus.WAIVED]
    told = tuple(f"{outcome.code} " for outcome in verdict.blockers)
    reasons = tuple(reason for reason in verdict.reasons if not told or not reason.startswith(told))
    return Lead(
        len(blocking),
        _counted(len(blocking), len({finding.check for finding in blocking})),
        _grouped(run),
        _scope(run),
        tuple(waived[:MAX_WAIVED_NAMED]),
        len(waived),
        tuple(_next_steps(verdict, len(blocking), reasons)),
        reasons,
    )


def newly_found(shown: tuple[Finding, ...], since: Mapping[str, Any]) -> list[Finding]:
    """The worst of the new findings that are in the page."""
    new = set(since.get("new_keys", ()))
    return sorted((f for f in shown if f.key in new), key=lambda finding: -finding.severity.rank)[:MAX_NEW_NAMED]


def _counted(findings: int, checks: int) -> str:
    if not findings:
        return "No finding blocks."
    return f"{counted(findings, 'finding')} of {counted(checks, 'check')} {'blocks' if findings == 1 else 'block'}."


def _grouped(run: AuditRun) -> str:
    """How many groups the images come from; extrapolated where only some of them have one, which it then says."""
    groups = ImageGroups.from_json(run.metrics.get("image_groups"))
    known, images = len(groups.places), run.dataset.images
    if not known:
        return ""
    there = len(groups.members())
    if known >= images:
        return f" of {counted(there, groups.word)}"
    return f" of about {counted(round(there * images / known), groups.word)} (known for {known:,} images)"


def _scope(run: AuditRun) -> str:
    inferred = (
        " What it is meant to be was inferred from the data, because no description of it was given; what rests on "
        "that is at most a warning."
    )
    return _part(run) + (inferred if run.metrics.get("described_by") == "auto" else "")


def _part(run: AuditRun) -> str:
    is_part = bool(run.metrics.get("subset") or (run.metrics.get("decisions") or {}).get("subset"))
    if is_part:
        return (
            "A part of the dataset was audited; what is expected of the whole was left out, and nothing is said of it."
        )
    return "The whole dataset was audited."


def _next_steps(verdict: Verdict, blocking: int, reasons: tuple[str, ...]) -> list[str]:
    if verdict.ready:
        return ["Nothing has to be done before a release. The warnings are worth a look when there is time."]
    steps = []
    if blocking:
        steps.append(
            "Look at each finding that blocks, below, and decide: a defect to correct, a false alarm, or accepted."
        )
        steps.append("Save the decisions, put them beside the data, correct what is wrong there, and audit again.")
    if reasons:
        steps.append("Settle the other reasons named above, and audit again.")
    return steps
