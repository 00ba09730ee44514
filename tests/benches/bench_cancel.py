"""A dataset comes in; how long an audit goes on after it was cancelled, and what it then leaves, goes out.

`python tests/benches/bench_cancel.py SOURCE [--moments 12] [--seed 1] [--jobs 2]`
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import threading
import time
from pathlib import Path

from kvqa_audit.errors import CancelledError
from kvqa_audit.pipeline.options import AuditOptions
from kvqa_audit.pipeline.publish import AuditRequest, Publication, audit_and_publish
from kvqa_audit.progress import ProgressEvent, StageStarted


def children() -> set[str]:
    """The process ids of all that this process began and that is still there."""
    return {pid for task in Path("/proc/self/task").iterdir() for pid in (task / "children").read_text().split()}


def seconds_until_it_ended(source: str, jobs: int, after_seconds: float, out: Path) -> tuple[float | None, str]:
    """How long it went on, None where it was done before; and the stage in which it was cancelled."""
    cancel, stages = threading.Event(), [""]
    asked = [0.0]

    def listener(event: ProgressEvent) -> None:
        if isinstance(event, StageStarted):
            stages.append(event.name)

    def ask() -> None:
        asked[0] = time.monotonic()
        stages.append(f"cancelled in {stages[-1]}")
        cancel.set()

    timer = threading.Timer(after_seconds, ask)
    timer.start()
    request = AuditRequest(source, AuditOptions(subset=True, jobs=jobs), cached=False)
    try:
        audit_and_publish(request, Publication(out), cancel=cancel, listener=listener)
    except CancelledError:
        return time.monotonic() - asked[0], next(stage for stage in stages if stage.startswith("cancelled"))
    finally:
        timer.cancel()
    return None, ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source")
    parser.add_argument("--moments", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    given = parser.parse_args()
    whole = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        seconds_until_it_ended(given.source, given.jobs, 3600, Path(folder) / "whole")
        whole = time.monotonic() - whole
        rng, before, longest = random.Random(given.seed), children(), 0.0
        for number in range(given.moments):
            at = rng.uniform(0, 0.6 * whole)
            out = Path(folder) / str(number)
            seconds, stage = seconds_until_it_ended(given.source, given.jobs, at, out)
            left = [name for name, is_left in (("files", out.exists()), ("processes", children() - before)) if is_left]
            told = "was done before" if seconds is None else f"ended after {seconds:.2f} s, {stage}"
            sys.stdout.write(f"at {at:5.1f} s: {told}; left behind: {', '.join(left) or 'nothing'}\n")
            longest = max(longest, seconds or 0.0)
    sys.stdout.write(f"whole audit {whole:.1f} s; longest {longest:.2f} s after the signal\n")


if __name__ == "__main__":
    main()
