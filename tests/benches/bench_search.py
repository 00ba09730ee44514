"""Random and clustered 256-bit hashes come in; the seconds, pairs and memory of the range search go out, as it grows.

bench_search.py [COUNT ...] [--radius-bits N]
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import time

import numpy as np

from kvqa_audit.duplicates.search import Hashes, distinct, pairs_within

CLUSTERED_SHARE = 0.3
MAX_FLIPS_SHARE = 0.13


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


def measure(count: int, radius_bits: int) -> tuple[float, int, float]:
    """Seconds, pairs and peak MB of one search, this process's own memory included."""
    given = distinct(hashes(count)).hashes
    started = time.perf_counter()
    pairs = len(pairs_within(given, radius_bits).left)
    seconds = time.perf_counter() - started
    return seconds, pairs, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("counts", nargs="*", type=int, default=[10_000, 30_000, 100_000, 300_000, 1_000_000])
    parser.add_argument("--radius-bits", type=int, default=31)
    args = parser.parse_args()
    print(f"{'hashes':>10} {'seconds':>9} {'pairs':>10} {'peak MB':>8} {'growth':>7}")
    slowest, rows = 0.0, []
    for count in args.counts:
        # A process each, so that the peak memory is that of one search.
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            seconds, pairs, peak_mb = pool.apply(measure, (count, args.radius_bits))
        growth = f"x{seconds / rows[-1][1]:.1f}" if rows else ""
        print(f"{count:>10,} {seconds:>9.2f} {pairs:>10,} {peak_mb:>8.0f} {growth:>7}", flush=True)
        rows.append((count, seconds))
        slowest = max(slowest, seconds)
    for count, seconds in rows:
        print(f"{count:>10,} {'#' * max(1, round(50 * seconds / slowest))}")


if __name__ == "__main__":
    main()
