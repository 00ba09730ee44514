"""A Prefect flow: audits the dataset every Monday; the run fails where it may not be released or was not judged."""

from __future__ import annotations

import subprocess
import sys

from prefect import flow, task


def audit_dataset(source: str, out: str) -> str:
    """Runs the audit as a process of its own and gives the verdict; raises where the release is blocked."""
    command = [sys.executable, "-m", "kvqa_audit", "run", source, "--out", out, "--also", "summary,badge"]
    done = subprocess.run([*command, "--quiet"], check=False, capture_output=True, text=True)
    if done.returncode != 0:
        meaning = {1: "not ready for release", 2: "cannot be audited", 3: "incomplete"}
        raise RuntimeError(f"{source}: {meaning.get(done.returncode, 'crashed')}; see {out}. {done.stderr}")
    return f"{source}: ready for release"


@flow(name="kvqa-audit")
def audit(source: str = "/data/dataset", out: str = "/srv/audits/latest") -> str:
    """One task, tried once: the same data would be judged the same way again."""
    return task(audit_dataset, retries=0)(source, out)


if __name__ == "__main__":
    audit.serve(name="weekly", cron="0 3 * * 1")
