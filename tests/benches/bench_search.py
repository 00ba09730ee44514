"""Random and clustered 256-bit hashes come in; the seconds, pairs and memory of the range search go out, as it grows.

bench_search.py [COUNT ...] [--radius-bits N] [--jobs N]
"""

from __future__ import annotations

import argparse
import math
import multiprocessing
import resource
import time
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from kvqa_audit.duplicates.search import Hashes, distinct, pairs_within

CLUSTERED_SHARE = 0.3
MAX_FLIPS_SHARE = 0.13
PLOT_COLUMNS = 64
LINES_PER_DECADE = 4


def hashes(count: int, seed: int = 7) -> Hashes:
    """Seven tenths random hashes, three tenths up to some thirty bits away from one of those."""
    rng = np.random.default_rng(seed)
    found = rng.integers(0, 256, (count, 32), dtype=np.uint8)
    near = int(count * CLUSTERED_SHARE)
    for start in range(0, near, 50_000):
        rows = np.arange(start, min(start + 50_000, near))
        centres = np.unpackbits(found[rng.integers(near, count, len(rows))], axis=1)
        flips = rng.random(centres.shape) < rng.uniform(0, MAX_FLIPS_SHARE, (len(rows), 1))
        found[rows] = np.packbits(centres ^ flips, axis=1)
    return found


@dataclass(frozen=True)
class Measured:
    """What one search took; `peak_mb` is that of its process, its own libraries included."""

    count: int
    seconds: float
    cpu_seconds: float
    pairs: int
    peak_mb: float


def measure(count: int, radius_bits: int, jobs: int) -> Measured:
    """One search over hashes without repeats."""
    given = distinct(hashes(count)).hashes
    started, cpu_started = time.perf_counter(), time.process_time()
    pairs = len(pairs_within(given, radius_bits, jobs=jobs).left)
    seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu_started
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Measured(count, seconds, cpu_seconds, pairs, peak_mb)


def growth_plot(points: list[tuple[int, float]], unit: str) -> str:
    """The points on log-log axes, a decade of y over four lines, with the exponent of the growth between them."""
    low = math.floor(math.log10(min(value for _, value in points)))
    high = math.ceil(math.log10(max(value for _, value in points)) + 1e-9)
    left, right = (math.log10(side) for side in (points[0][0], max(points[-1][0], points[0][0] + 1)))
    columns = [round((PLOT_COLUMNS - 1) * (math.log10(count) - left) / (right - left)) for count, _ in points]
    rows = [round((math.log10(value) - low) * LINES_PER_DECADE) for _, value in points]
    lines = []
    for row in range((high - low) * LINES_PER_DECADE, -1, -1):
        marks = "".join("*" if (at, row) in zip(columns, rows, strict=True) else " " for at in range(PLOT_COLUMNS))
        label = f"{10.0 ** (low + row // LINES_PER_DECADE):g}" if row % LINES_PER_DECADE == 0 else ""
        lines.append(f"{label:>8} |{marks}".rstrip())
    axis = [" "] * (PLOT_COLUMNS + 12)
    for column, (count, _) in zip(columns, points, strict=True):
        axis[column : column + len(f"{count:,}")] = f"{count:,}"
    grown = [
        f"n^{math.log(value / before) / math.log(count / fewer):.2f}"
        for (fewer, before), (count, value) in pairwise(points)
    ]
    lines += [f"{unit:>8} +" + "-" * PLOT_COLUMNS, " " * 10 + "".join(axis).rstrip(), f"growth: {', '.join(grown)}"]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("counts", nargs="*", type=int, default=[10_000, 30_000, 100_000, 300_000, 1_000_000])
    parser.add_argument("--radius-bits", type=int, default=31)
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()
    print(f"{'hashes':>10} {'seconds':>9} {'CPU s':>9} {'pairs':>10} {'peak MB':>8}")
    rows: list[Measured] = []
    for count in sorted(args.counts):
        # A process each, so that the peak memory is that of one search.
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            rows.append(pool.apply(measure, (count, args.radius_bits, args.jobs)))
        found = rows[-1]
        times = f"{found.seconds:>9.2f} {found.cpu_seconds:>9.2f}"
        print(f"{found.count:>10,} {times} {found.pairs:>10,} {found.peak_mb:>8.0f}", flush=True)
    for unit, points in (
        ("seconds", [(found.count, found.seconds) for found in rows]),
        ("CPU s", [(found.count, found.cpu_seconds) for found in rows]),
        ("peak MB", [(found.count, found.peak_mb) for found in rows]),
    ):
        print(f"\n{growth_plot(points, unit)}")


if __name__ == "__main__":
    main()
