"""Draws fingerprints into files and joins them by the local pool and by Ray on this machine; prints the cost.

    python -m tests.benches.bench_join [COUNT …] [--processes 2] [--mode exact] [--work DIR]

A drawn thumbnail is a sum of waves, the finer the weaker, as in pictures. One in a hundred is a copy of the one before:
mirrored, lighter or noisier. A task draws 1,000 and writes them into a file of its own; files that are in DIR already
are not drawn again. Processor time is that of all processes, also Ray's own. The driver's memory is the most that it
held, what its libraries take included; that of all is the most of the driver and all it has started, shared parts once.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from kvqa_audit.artifacts.fingerprint_files import FingerprintFiles
from kvqa_audit.duplicates.find import DuplicateResult, find_duplicates
from kvqa_audit.engine.executor import Executor
from kvqa_audit.engine.local import LocalPool
from kvqa_audit.engine.ray_pool import RayPool
from kvqa_audit.model import ImageFingerprint
from tests.benches.bench_engines import processor_seconds
from tests.benches.drawn_fingerprints import AT_ONCE, Drawing, draw
from tests.benches.peak_memory import PeakMemory


class PeakOfDriver(threading.Thread):
    """Samples the resident memory of this process, in MB."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peak_mb, self.running = 0.0, True

    def run(self) -> None:
        while self.running:
            self.peak_mb = max(self.peak_mb, resident_mb())
            time.sleep(0.1)


def resident_mb() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def join(
    name: str, pool: Executor, given: Iterable[ImageFingerprint], mode: Literal["all", "exact"]
) -> DuplicateResult:
    driver, of_all = PeakOfDriver(), PeakMemory(os.getpid(), 1.0)
    driver.start()
    of_all.start()
    started, before = time.perf_counter(), processor_seconds()
    result = find_duplicates(given, pool=pool, mode=mode)
    seconds, processor = time.perf_counter() - started, processor_seconds() - before
    driver.running = of_all.running = False
    print(
        f"  {name}: {seconds:,.0f} s, {processor:,.0f} s of processor time, driver {driver.peak_mb:,.0f} MB, all "
        f"{of_all.peak_mb:,.0f} MB; {result.examined.get('nominated_pairs', 0):,} candidate pairs, "
        f"{len(result.pairs):,} pairs",
        flush=True,
    )
    return result


def measure(count: int, folder: str, processes: int, mode: Literal["all", "exact"]) -> None:
    files = FingerprintFiles(folder)
    tasks = [Drawing(start, min(start + AT_ONCE, count), files) for start in range(0, count, AT_ONCE)]
    names, there, before = [task.name for task in tasks], files.names(), resident_mb()
    with LocalPool(processes) as pool:
        for one in pool.map_unordered(draw, (task for task in tasks if task.name not in there), item_timeout_seconds=0):
            if one.failure is not None:
                raise SystemExit(one.failure.detail)
        held = resident_mb() - before
        print(f"{count:,} fingerprints: {held:,.0f} MB more in the driver, load {os.getloadavg()[0]:.1f}", flush=True)
        local = join("local pool", pool, files.read(names), mode)
    if mode == "all":
        with RayPool("local", processors=processes) as cluster:
            ray = join("Ray", cluster, files.read(names), mode)
        print(f"  the same result: {local == ray}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("counts", nargs="*", type=int, default=[1_000_000])
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--mode", choices=["all", "exact"], default="all")
    parser.add_argument("--work", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for count in arguments.counts:
            measure(count, str(arguments.work or folder), arguments.processes, arguments.mode)


if __name__ == "__main__":
    main()
