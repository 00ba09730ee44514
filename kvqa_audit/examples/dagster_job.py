"""Dagster definitions: an asset check on the dataset, run every Monday, with the summary shown beside its verdict."""

# No `from __future__ import annotations` here: Dagster reads the annotations.
import subprocess
import sys
from pathlib import Path

import dagster


def audit_dataset(source: str, out: str) -> int:
    """Runs the audit as a process of its own and gives its exit code: 0 may be released, 1 not; raises otherwise."""
    command = [sys.executable, "-m", "kvqa_audit", "run", source, "--out", out, "--also", "summary,badge"]
    done = subprocess.run([*command, "--quiet"], check=False, capture_output=True, text=True)
    if done.returncode not in (0, 1):
        raise RuntimeError(f"{source}: could not be judged (exit code {done.returncode}). {done.stderr}")
    return done.returncode


class Places(dagster.Config):
    """Where the dataset is, and where its audit goes."""

    source: str = "/data/dataset"
    out: str = "/srv/audits/latest"


@dagster.asset_check(asset=dagster.AssetKey("dataset"), name="kvqa_audit")
def dataset_may_be_released(config: Places) -> dagster.AssetCheckResult:
    """The dataset passes the gate of its release policy."""
    code = audit_dataset(config.source, config.out)
    summary = Path(config.out, "summary.md").read_text(encoding="utf-8")
    return dagster.AssetCheckResult(passed=code == 0, metadata={"summary": dagster.MetadataValue.md(summary)})


audit_job = dagster.define_asset_job("kvqa_audit", selection=dagster.AssetSelection.checks(dataset_may_be_released))
definitions = dagster.Definitions(
    assets=[dagster.AssetSpec("dataset")],
    asset_checks=[dataset_may_be_released],
    jobs=[audit_job],
    schedules=[dagster.ScheduleDefinition(job=audit_job, cron_schedule="0 3 * * 1")],
)
