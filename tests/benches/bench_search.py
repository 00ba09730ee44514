"""Made-up contrast fields come in; the seconds, nominations and memory of the search among them go out, as it grows.

bench_search.py [COUNT ...]
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

from kvqa_audit.duplicates.fields import Fields
from kvqa_audit.duplicates.nominate import nominate

COPIES_SHARE = 0.01
COARSE_CELLS = 9
NOISE_STEPS = 8
FIELD_SIDE = 32
PLOT_COLUMNS = 64
LINES_PER_DECADE = 4


def fields(count: int, seed: int = 7) -> Fields:
    """Contrast fields of soft random scenes at half the resolution; the last hundredth are copies of the first, noisy.

    At the whole resolution, which no nomination looks at, they are empty and take no memory.
    """
    rng = np.random.default_rng(seed)
    halved = np.empty((count, FIELD_SIDE, FIELD_SIDE), np.int8)
    spread = np.maximum(0, 1 - np.abs(np.linspace(0, COARSE_CELLS - 1, FIELD_SIDE)[:, None] - np.arange(COARSE_CELLS)))
    spread = spread.astype(np.float32)
    for start in range(0, count, 10_000):
        part = halved[start : start + 10_000]
        cells = rng.normal(0, 40, (len(part), COARSE_CELLS, COARSE_CELLS)).astype(np.float32)
        part[:] = np.clip(spread @ cells @ spread.T, -126, 126)
    copies = int(count * COPIES_SHARE)
    noise = rng.integers(-NOISE_STEPS, NOISE_STEPS + 1, (copies, FIELD_SIDE, FIELD_SIDE))
    halved[count - copies :] = np.clip(halved[:copies] + noise, -126, 126)
    empty = np.broadcast_to(np.zeros((), np.uint8), (count, 2 * FIELD_SIDE, 2 * FIELD_SIDE))
    return Fields(empty, empty.view(np.int8), halved, np.ones(count, np.float32), np.ones(count, np.bool_))


@dataclass(frozen=True)
class Measured:
    """What one search took; `peak_mb` is that of its process, its own libraries and the fields included."""

    count: int
    seconds: float
    cpu_seconds: float
    pairs: int
    copies_found: float
    peak_mb: float


def measure(count: int) -> Measured:
    """One search, in the process that is to be measured."""
    given = fields(count)
    started, cpu_started = time.perf_counter(), time.process_time()
    found = nominate(given)
    seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu_started
    copies = int(count * COPIES_SHARE)
    apart = np.abs(found.viewed - found.plain) == count - copies
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Measured(count, seconds, cpu_seconds, len(found.view), apart.sum() / copies, peak_mb)


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
    parser.add_argument("counts", nargs="*", type=int, default=[10_000, 30_000, 100_000, 300_000])
    args = parser.parse_args()
    print(f"{'pictures':>10} {'seconds':>9} {'CPU s':>9} {'nominated':>10} {'copies':>7} {'peak MB':>8}")
    rows: list[Measured] = []
    for count in sorted(args.counts):
        # A process each, so that the peak memory is that of one search.
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            rows.append(pool.apply(measure, (count,)))
        found = rows[-1]
        times = f"{found.seconds:>9.2f} {found.cpu_seconds:>9.2f}"
        print(
            f"{found.count:>10,} {times} {found.pairs:>10,} {found.copies_found:>7.1%} {found.peak_mb:>8.0f}",
            flush=True,
        )
    for unit, points in (
        ("seconds", [(found.count, found.seconds) for found in rows]),
        ("CPU s", [(found.count, found.cpu_seconds) for found in rows]),
        ("peak MB", [(found.count, found.peak_mb) for found in rows]),
    ):
        print(f"\n{growth_plot(points, unit)}")


if __name__ == "__main__":
    main()
