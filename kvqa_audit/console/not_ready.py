"""An audit that is not ready comes in; one line about it goes out, for who reads nothing else."""

from __future__ import annotations

from pathlib import Path

from kvqa_audit.model import AuditRun
from kvqa_audit.release.gate import Verdict


def not_ready_line(run: AuditRun, verdict: Verdict, place: Path | str) -> str:
    """The dataset, the verdict, how many findings block and how many are new, and where the report is."""
    counts, since = verdict.tally.total, run.metrics.get("baseline")
    new = "" if since is None else f", {since['new']:,} new since {str(since['date'])[:10]}"
    blocking = "1 finding blocks" if counts.blocking == 1 else f"{counts.blocking:,} findings block"
    return f"{run.dataset.name}: {verdict.sentence} {blocking}{new}; report: {place}/report.html"
