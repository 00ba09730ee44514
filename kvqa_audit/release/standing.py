"""A finished audit and its description come in; the verdict by all that the audit knows goes out."""

from __future__ import annotations

from collections.abc import Mapping, Sized
from dataclasses import replace
from pathlib import Path
from typing import Any

from kvqa_audit.errors import SpecError
from kvqa_audit.model import AuditRun
from kvqa_audit.release.gate import Standing, Verdict, judge
from kvqa_audit.release.precision import of_metrics
from kvqa_audit.spec.dataset_spec import DatasetSpec
from kvqa_audit.spec.load import load_release
from kvqa_audit.spec.release import Release

SEVERITIES = ("error", "warning", "info", "never")
BY_THE_DESCRIPTION = "release"


def judge_audit(run: AuditRun, spec: DatasetSpec, *, release: Release | None = None) -> Verdict:
    """Judges a whole audit: its findings, and what the policy asks of facts, of the baseline and of decisions.

    Args:
        run: the audit; what is new in it stands in its `metrics["baseline"]`, if it was compared with an earlier one.
        spec: the description of the dataset, for its policy only.
        release: the policy; None is the description's own.
    """
    return judge(run.outcomes, run.findings, spec.release if release is None else release, standing_of(run))


def with_verdict(run: AuditRun, verdict: Verdict) -> AuditRun:
    """The audit as its record keeps it once it is judged."""
    return replace(run, exit_code=verdict.exit_code, verdict=verdict.record())


def standing_of(run: AuditRun) -> Standing:
    """What the gate has to know beside outcomes and findings."""
    new, since = _since(run)
    decisions = run.metrics.get("decisions") or {}
    titles = {code: doc.title.rstrip(".") for code, doc in run.docs.items()}
    stale, expired = (_number(decisions, kind) for kind in ("stale", "expired"))
    return Standing(_facts(run), new, since, stale, expired, titles, of_metrics(decisions))


def policy_named(name: str | None, spec: DatasetSpec) -> Release:
    """The policy that a person named: a file, a severity, or "release" (None, too) for the description's own.

    Raises:
        SpecError: there is no such file, or it holds a key or value that is not allowed.
    """
    if name is None or name == BY_THE_DESCRIPTION:
        return spec.release
    if name in SEVERITIES:
        return spec.release.model_copy(update={"fail_on": name})
    path = Path(name)
    if not path.exists():
        known = ", ".join((BY_THE_DESCRIPTION, *SEVERITIES))
        raise SpecError(f"{name}: is no file with a release policy, and none of {known}")
    return load_release(path)


def _facts(run: AuditRun) -> Mapping[str, str]:
    facts = run.dataset
    return {
        "licence": facts.licence or "",
        "citation": facts.citation or facts.doi or "",
        "split": ", ".join(run.metrics.get("splits") or ()),
    }


def _since(run: AuditRun) -> tuple[frozenset[str] | None, str]:
    """The keys of the findings that the baseline does not know, None where there is none; and the baseline's date."""
    recorded = run.metrics.get("baseline")
    if not isinstance(recorded, Mapping) or "new_keys" not in recorded:
        return None, ""
    return frozenset(map(str, recorded["new_keys"])), str(recorded.get("date", ""))[:10]


def _number(decisions: Mapping[str, Any], kind: str) -> int:
    """How many decisions are of a kind, told as a number or one by one."""
    told = decisions.get(kind, 0)
    return len(told) if isinstance(told, Sized) else int(told)
