"""A dataset comes in; image stage, duplicates and whole audit beside cleanvision and imagededup, in one run, go out.

    python tests/benches/bench_peers.py --source DATASET [--frames DIR …] [--runs 3] [--jobs 2] [--peers ENV]

DATASET is in the exported layout; frames of further folders join it without rows. The peers are installed into an
environment of their own (kept where --peers names one). Every figure is of a whole process, start-up and imports
included, without any cache; `work` is the time inside the process once everything was imported. The runs of all
programs alternate, so that a busy machine hits all alike; printed are medians, and medians of the ratios of each round.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from bench_audit import time_bare_decode
from peak_memory import PeakMemory

# torch by name and first: imagededup alone would bring several GB of builds for graphics cards.
PEERS = (("torch==2.13.0",), ("cleanvision==0.3.7", "imagededup==0.3.3"))

CLEANVISION = """
import json, sys, time
from cleanvision import Imagelab
if __name__ == "__main__":
    started = time.perf_counter()
    lab = Imagelab(data_path=sys.argv[1])
    lab.find_issues(n_jobs=int(sys.argv[2]))
    pairs = sum(len(one) * (len(one) - 1) // 2 for kind in ("exact_duplicates", "near_duplicates")
                for one in lab.info[kind]["sets"])
    print("BENCH", json.dumps({"work": time.perf_counter() - started, "pairs": pairs}))
"""
# Importing imagededup fetches the weights of a network that PHash never uses; here the network stays without weights.
IMAGEDEDUP = """
import json, sys, time
from torchvision import models
drawn = models.mobilenet_v3_small
models.mobilenet_v3_small = lambda weights=None: drawn(weights=None)
from imagededup.methods import PHash
if __name__ == "__main__":
    started = time.perf_counter()
    hasher = PHash(verbose=False)
    encodings = hasher.encode_images(image_dir=sys.argv[1], num_enc_workers=int(sys.argv[2]))
    found = hasher.find_duplicates(encoding_map=encodings, num_dist_workers=int(sys.argv[2]))
    pairs = len({tuple(sorted((a, b))) for a, others in found.items() for b in others})
    print("BENCH", json.dumps({"work": time.perf_counter() - started, "pairs": pairs}))
"""
DUPLICATES = """
import json, sys, time
from pathlib import Path
from kvqa_audit.engine.local import LocalPool
if __name__ == "__main__":
    with LocalPool(int(sys.argv[2])) as pool:
        pool.start("kvqa_audit.images.fingerprint_stage")
        from kvqa_audit.duplicates.find import find_duplicates
        from kvqa_audit.images.fingerprint_stage import fingerprint_images
        from kvqa_audit.ingest.image_folder import list_images
        started = time.perf_counter()
        folder = Path(sys.argv[1])
        shards = list_images(folder).shards
        images = fingerprint_images(shards, pool=pool)
        staged = time.perf_counter() - started
        found = find_duplicates(images.fingerprints, pool=pool)
    print("BENCH", json.dumps({"work": time.perf_counter() - started, "pairs": len(found.pairs), "stage": staged}))
"""


@dataclass(frozen=True)
class Measured:
    """One run of one program: whole seconds, seconds of work after the imports, peak MB, pairs found."""

    seconds: float
    work: float
    peak_mb: float
    pairs: int


def run_timed(command: list[str]) -> Measured:
    """Runs a program to its end; its last line that starts with BENCH tells the rest."""
    started = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        memory = PeakMemory(process.pid)
        memory.start()
        out, err = process.communicate()
        memory.running = False
    seconds = time.perf_counter() - started
    if process.returncode not in ((0, 1) if "kvqa_audit" in command else (0,)):
        raise SystemExit(f"{command[:3]} ended with {process.returncode}:\n{err[-2000:]}")
    told = [line for line in out.splitlines() if line.startswith("BENCH ")]
    facts = json.loads(told[-1][6:]) if told else {}
    return Measured(seconds, facts.get("work", seconds), memory.peak_mb, facts.get("pairs", -1))


def python_with_peers(folder: Path) -> str:
    """The interpreter of an environment that holds the peers; made where there is none."""
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        for packages in PEERS:
            subprocess.run([str(python), "-m", "pip", "install", "-q", *packages], check=True)
    return str(python)


def gather(source: Path, frames: list[Path], target: Path) -> None:
    """Copies a dataset in the exported layout, and adds frames that have no rows."""
    shutil.copytree(source, target)
    for folder in frames:
        for number, path in enumerate(sorted(folder.rglob("*.jpg"))):
            shutil.copyfile(path, target / "images" / f"extra{number:06d}.jpg")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", type=Path, required=True)
    parser.add_argument("--frames", type=Path, action="append", default=[])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--peers", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kvqa-peers-") as name:
        work = Path(name)
        gather(given.source, given.frames, work / "dataset")
        python = python_with_peers(given.peers or work / "peers")
        compare(work, python, given.runs, given.jobs)


def compare(work: Path, python: str, runs: int, jobs: int) -> None:
    """Runs everything in turns and prints the table."""
    dataset, images = work / "dataset", work / "dataset" / "images"
    paths = sorted(str(path) for path in images.iterdir())
    for name, script in (("cleanvision", CLEANVISION), ("imagededup", IMAGEDEDUP), ("duplicates", DUPLICATES)):
        (work / f"run_{name}.py").write_text(script)
    audit = [sys.executable, "-m", "kvqa_audit", "run", str(dataset), "--subset", "--no-cache", "-q"]
    commands = {
        "cleanvision 0.3.7": [python, str(work / "run_cleanvision.py"), str(images), str(jobs)],
        "imagededup 0.3.3 PHash": [python, str(work / "run_imagededup.py"), str(images), str(jobs)],
        "images and duplicates": [sys.executable, str(work / "run_duplicates.py"), str(images), str(jobs)],
        "whole audit with report": [*audit, "--jobs", str(jobs), "--out", str(work / "out")],
    }
    found: dict[str, list[Measured]] = {name: [] for name in commands}
    bare = []
    for _ in range(runs):
        bare.append(time_bare_decode(paths, jobs))
        for name, command in commands.items():
            found[name].append(run_timed(command))
    print(f"{len(paths):,} images, {jobs} jobs, medians of {runs} rounds")
    print(f"{'':26}{'process':>10}{'work':>10}{'peak':>10}{'pairs':>8}")
    print(f"{'bare reduced decode':26}{'':10}{statistics.median(bare):8.2f} s")
    for name, rounds in found.items():
        seconds, inside = (statistics.median(getattr(one, field) for one in rounds) for field in ("seconds", "work"))
        peak = max(one.peak_mb for one in rounds)
        pairs = f"{rounds[0].pairs:8,}" if rounds[0].pairs >= 0 else ""
        print(f"{name:26}{seconds:8.2f} s{inside:8.2f} s{peak:7.0f} MB{pairs}")
    first, second, ours, whole = found.values()
    for what, mine in (("images and duplicates", ours), ("whole audit with report", whole)):
        for field, meaning in (("seconds", "whole processes"), ("work", "work alone")):
            ratios = [
                (getattr(a, field) + getattr(b, field)) / getattr(m, field)
                for a, b, m in zip(first, second, mine, strict=True)
            ]
            if what.startswith("images") or field == "seconds":
                print(f"{what}: {statistics.median(ratios):.1f} x faster than both peers together ({meaning})")


if __name__ == "__main__":
    main()
