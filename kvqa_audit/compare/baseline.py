"""An audit and an earlier one come in; the audit that knows what changed since goes out."""

from __future__ import annotations

from dataclasses import replace

from kvqa_audit.compare.findings import changes_since
from kvqa_audit.compare.images import image_changes
from kvqa_audit.model import AuditRun


def against_baseline(run: AuditRun, baseline: AuditRun) -> AuditRun:
    """The audit with metrics["baseline"]: what changed in numbers, the new findings' keys, and the exit code before.

    Waived findings are not new, so decisions have to be applied before.
    """
    renamed = image_changes(baseline.fingerprints, run.fingerprints).new_names
    record = changes_since(baseline, run, renamed).record(baseline.run_id, baseline.finished_at)
    return replace(run, metrics={**run.metrics, "baseline": {**record, "exit_code": baseline.exit_code}})
