"""Makes a look-alike of ten times the sample of `plan`, audits it, and prints the estimate beside what it took.

    python tests/benches/bench_plan.py --frames FOLDER --table METADATA.csv [--times 10]

FOLDER and METADATA.csv are as for bench_audit.py. Both are processor seconds of all processes, with one job.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from bench_audit import make_look_alike

from kvqa_audit.ingest.open import open_dataset
from kvqa_audit.pipeline.estimate import SAMPLE_IMAGES, Estimate, measure
from kvqa_audit.spec.load import load_spec


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=Path, required=True)
    parser.add_argument("--table", type=Path, required=True)
    parser.add_argument("--times", type=int, default=10)
    args = parser.parse_args()
    frames = sorted(map(str, args.frames.rglob("*.jpg")))
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work) / "data"
        make_look_alike(frames, args.table, folder, args.times * SAMPLE_IMAGES, os.cpu_count() or 1)
        dataset = open_dataset(str(folder), load_spec())
        measured = measure(dataset, load_spec())
        estimate = Estimate(args.times * SAMPLE_IMAGES, len(dataset.table.frame), measured)
        words = ["run", str(folder), "--subset", "--no-cache", "--jobs", "1", "-q", "--out", f"{work}/out"]
        audit = subprocess.Popen([sys.executable, "-m", "kvqa_audit", *words])
        _, _, used = os.wait4(audit.pid, 0)
    took = used.ru_utime + used.ru_stime
    print(f"{estimate.images:,} images, {estimate.rows:,} rows; sample {measured.images:,} and {measured.rows:,}")
    for name, seconds in estimate.parts.items():
        print(f"  {name:<8} {seconds:8.1f} s estimated")
    print(f"  all      {estimate.processor_seconds:8.1f} s estimated, {took:.1f} s measured")
    print(f"ratio estimated / measured: {estimate.processor_seconds / took:.2f}")


if __name__ == "__main__":
    main()
