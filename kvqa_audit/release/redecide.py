"""A finished audit comes in; the audit as the decisions file of today has it, and which file that is, goes out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from kvqa_audit.model import AuditRun
from kvqa_audit.release.applying import apply_decisions
from kvqa_audit.release.decisions_file import DecisionsFile, decisions_for
from kvqa_audit.release.precision import as_metrics, precision_by_check
from kvqa_audit.release.sample import error_rates


@dataclass(frozen=True, slots=True)
class Redecided:
    """An audit with the decisions of a file read again; `file` is None where there is none, or none at hand."""

    run: AuditRun
    file: str | None


def redecided(run: AuditRun, named: Path | None, today: date) -> Redecided:
    """Applies today's decisions: of the named file, of the one that the audit read, or of the one beside the dataset.

    Where neither a file nor the dataset is at hand, the decisions stay as the audit read them.

    Raises:
        SpecError: the file cannot be read, or holds what is no decision.
    """
    known: Mapping[str, Any] = run.metrics.get("decisions") or {}
    read = known.get("file")
    location = Path(run.dataset.location)
    if named is None and read and Path(read).is_file():
        named = Path(read)
    if named is None and (not location.exists() or (read and not _lies_beside(Path(read), location))):
        return Redecided(run, None)
    found = decisions_for(location, named)
    return Redecided(with_decisions(run, found, today), found.file)


def with_decisions(run: AuditRun, decided: DecisionsFile, today: date) -> AuditRun:
    """The audit with these decisions in place of those it was made with."""
    part = bool(run.metrics.get("subset") or (run.metrics.get("decisions") or {}).get("subset"))
    findings, outcomes, report = apply_decisions(
        run.findings, run.outcomes, decided.decisions, today, run.docs, whole=not part
    )
    precision = as_metrics(precision_by_check(decided.decisions, run.docs))
    rates = [rate.as_metrics() for rate in error_rates(run, decided.decisions)]
    learnt = {"precision": precision, "error_rates": rates}
    record = {"file": decided.file, "subset": part, **report.as_metrics(), **learnt}
    return replace(run, findings=findings, outcomes=outcomes, metrics={**run.metrics, "decisions": record})


def _lies_beside(file: Path, location: Path) -> bool:
    return file.absolute().parent == (location if location.is_dir() else location.parent).absolute()
