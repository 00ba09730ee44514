"""Makes a look-alike of the full dataset, audits it, and prints stage times and memory beside a bare decode.

    python tests/benches/bench_audit.py --frames FOLDER --table METADATA.csv [--images 6500] [--work DIR]

FOLDER holds real frames (JPEG, sub-folders too); every image of the look-alike is a blend of three of them at a
real frame's size, so that no two show the same picture. METADATA.csv gives the rows, repeated under new ids up to the
full number. Nothing of the look-alike is kept unless --work names a folder. Processor times hang less on what else the
machine does than seconds do.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import json
import math
import multiprocessing
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from peak_memory import PeakMemory
from PIL import Image

SOURCES = {"Normal": 2500, "Polyps": 1000, "Esophagitis": 1000, "Ulcerative Colitis": 1000, "Instrument": 1000}
ROWS = 58849
ASKED_FOR_EACH_POLYP = ("What type of polyp is present?", "What is the size of the polyp?")


def blend(task: tuple[tuple[str, str, str], str]) -> None:
    """Writes one image: three frames through each other, one mirrored and one turned over, none dominating."""
    frames, target = task
    first, second, third = (Image.open(frame).convert("RGB") for frame in frames)
    second = second.resize(first.size).transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    third = third.resize(first.size).transpose(Image.Transpose.ROTATE_180)
    Image.blend(Image.blend(first, second, 1 / 2), third, 1 / 3).save(target, "JPEG")


def make_look_alike(frames: list[str], table: Path, folder: Path, images: int, jobs: int) -> None:
    """Draws `images` pictures and writes their rows."""
    (folder / "images").mkdir(parents=True)
    ids = [f"cl{n:08d}lookalike" for n in range(images)]
    triples = itertools.islice(_triples(frames), images)
    targets = [str(folder / "images" / f"{img_id}.jpg") for img_id in ids]
    tasks = list(zip(triples, targets, strict=True))
    with multiprocessing.Pool(jobs) as pool:
        pool.map(blend, tasks, chunksize=16)
    write_rows(table, folder / "metadata.csv", ids)


def write_rows(table: Path, target: Path, ids: list[str]) -> None:
    """Writes the full number of rows, scaled to the number of images, from the rows of real images."""
    by_source: dict[str, dict[str, list[dict[str, str]]]] = {}
    with table.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            by_source.setdefault(row["source"], {}).setdefault(row["img_id"], []).append(row)
    wanted, written = round(ROWS * len(ids) / 6500), 0
    with target.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["source", "question", "answer", "img_id"])
        writer.writeheader()
        cycle = [source for source, images in SOURCES.items() for _ in range(images // 500)]
        source_of = [cycle[n % len(cycle)] for n in range(len(ids))]
        templates = {source: itertools.cycle(groups.values()) for source, groups in by_source.items()}
        few = source_of.count("Normal")  # as in the real table, a normal image has one row
        for n, (img_id, source) in enumerate(zip(ids, source_of, strict=True)):
            few -= source == "Normal"
            left = len(ids) - n - few
            quota = 1 if source == "Normal" else math.ceil((wanted - written - few) / left) + 1
            rows = _rows_of_one_image(templates[source], min(quota, wanted - written - few))
            writer.writerows({**row, "img_id": img_id} for row in rows)
            written += len(rows)
        if written != wanted:
            raise SystemExit(f"the look-alike came out with {written:,} rows instead of {wanted:,}")


def _rows_of_one_image(templates: Iterator[list[dict[str, str]]], quota: int) -> list[dict[str, str]]:
    """Rows of several real images of one source, until there are `quota` of them; only polyps are described twice."""
    rows: dict[tuple[str, int], dict[str, str]] = {}
    for number, template in enumerate(itertools.islice(templates, 40)):
        for row in template:
            again = number % 2 if row["question"] in ASKED_FOR_EACH_POLYP else 0
            if len(rows) < quota:
                rows.setdefault((row["question"], again), row)
    return list(rows.values())


def _triples(frames: list[str]) -> Iterator[tuple[str, str, str]]:
    """Triples of frames, no two of which share more than one frame in the same place."""
    order = list(frames)
    random.Random(7).shuffle(order)
    count = len(order)
    for step in range(1, count // 3):
        for n in range(count):
            yield order[n], order[(n + step) % count], order[(n + 2 * step + 1) % count]


def bare_decode(path: str) -> int:
    """The least any image audit has to do: read the file and decode it at reduced scale."""
    with Image.open(path) as image:
        image.draft("RGB", (128, 128))
        image.load()
        return image.width


def processor_seconds() -> float:
    """Of all processes that were started here and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def time_bare_decode(paths: list[str], jobs: int) -> tuple[float, float]:
    """Seconds, and processor seconds with the start of the processes."""
    before = processor_seconds()
    with multiprocessing.Pool(jobs) as pool:
        pool.map(bare_decode, paths[:64], chunksize=8)
        started = time.perf_counter()
        pool.map(bare_decode, paths, chunksize=32)
        seconds = time.perf_counter() - started
        pool.close()
        pool.join()
    return seconds, processor_seconds() - before


@dataclass(frozen=True)
class Audited:
    """What one audit took, and the seconds of each stage."""

    seconds: float
    processor_seconds: float
    peak_mb: float
    stages: dict[str, float]


def audit(dataset: Path, out: Path, jobs: int, cache: Path) -> Audited:
    """Runs the program on the look-alike."""
    command = [sys.executable, "-m", "kvqa_audit", "run", str(dataset), "--out", str(out), "--jobs", str(jobs), "-q"]
    started, before = time.perf_counter(), processor_seconds()
    with subprocess.Popen(command, env={**os.environ, "XDG_CACHE_HOME": str(cache)}) as process:
        memory = PeakMemory(process.pid)
        memory.start()
        process.wait()
        memory.running = False
    seconds = time.perf_counter() - started
    if process.returncode not in (0, 1):
        raise SystemExit(f"the audit ended with exit code {process.returncode}")
    record = json.loads((out / "audit.json").read_text())
    stages = {stage["name"]: stage["seconds"] for stage in record["stages"]}
    return Audited(seconds, processor_seconds() - before, memory.peak_mb, stages)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=Path, required=True, action="append")
    parser.add_argument("--table", type=Path, required=True)
    parser.add_argument("--images", type=int, default=6500)
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--work", type=Path)
    arguments = parser.parse_args()
    work = arguments.work or Path(tempfile.mkdtemp(prefix="kvqa-bench-"))
    try:
        dataset = work / "look-alike"
        if not dataset.exists():
            frames = sorted(str(p) for folder in arguments.frames for p in folder.rglob("*.jpg"))
            make_look_alike(frames, arguments.table, dataset, arguments.images, arguments.jobs)
        paths = sorted(str(p) for p in (dataset / "images").iterdir())
        megabytes = sum(Path(p).stat().st_size for p in paths) / 1e6
        print(f"{len(paths):,} images, {megabytes:.0f} MB, {arguments.jobs} workers")
        bare, bare_processor = time_bare_decode(paths, arguments.jobs)
        print(f"{'bare reduced decode':<28}{bare:8.2f} s, {bare_processor:.2f} s of processor time", flush=True)
        for name in ("first run", "second run, from the cache"):
            took = audit(dataset, work / "out", arguments.jobs, work / "cache")
            for stage, spent in took.stages.items():
                print(f"  {stage:<26}{spent:8.2f} s   {spent / bare:5.2f} x bare decode")
            print(
                f"{name:<28}{took.seconds:8.2f} s   {took.seconds / bare:5.2f} x bare decode; "
                f"{took.processor_seconds:.1f} s of processor time, {took.processor_seconds / bare_processor:.2f} x; "
                f"peak {took.peak_mb:.0f} MB over all processes",
                flush=True,
            )
        report_mb = (work / "out" / "report.html").stat().st_size / 1e6
        print(f"report.html {report_mb:.1f} MB")
    finally:
        if arguments.work is None:
            shutil.rmtree(work)


if __name__ == "__main__":
    main()
