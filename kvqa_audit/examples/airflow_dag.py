"""An Airflow DAG: audits the dataset every Monday; the task fails where it may not be released or was not judged."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime

from airflow.sdk import dag, task


def audit_dataset(source: str, out: str) -> str:
    """Runs the audit as a process of its own and gives the verdict; raises where the release is blocked."""
    command = [sys.executable, "-m", "kvqa_audit", "run", source, "--out", out, "--also", "summary,badge"]
    done = subprocess.run([*command, "--quiet"], check=False, capture_output=True, text=True)
    if done.returncode != 0:
        meaning = {1: "not ready for release", 2: "cannot be audited", 3: "incomplete"}
        raise RuntimeError(f"{source}: {meaning.get(done.returncode, 'crashed')}; see {out}. {done.stderr}")
    return f"{source}: ready for release"


@dag(schedule="0 3 * * 1", start_date=datetime(2026, 1, 5, tzinfo=UTC), catchup=False, tags=["data quality"])
def kvqa_audit() -> None:
    """One task."""
    task(audit_dataset)(source="/data/dataset", out="/srv/audits/latest")


kvqa_audit()
