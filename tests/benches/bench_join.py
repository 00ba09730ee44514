"""Draws fingerprints without pictures and joins them by the local pool and by Ray on this machine; prints the cost.

    python -m tests.benches.bench_join [COUNT …] [--processes 2]

A drawn thumbnail is a sum of waves, the finer the weaker, as in pictures. One in a hundred is a copy of the one before:
mirrored, lighter or noisier. Processor time is that of all processes, also Ray's own. The driver's memory is what the
fingerprints take there, and the most that it held while it joined them.
"""

from __future__ import annotations

import argparse
import os
import threading
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import numpy as np

from kvqa_audit.duplicates.find import DuplicateResult, find_duplicates
from kvqa_audit.engine.executor import Executor
from kvqa_audit.engine.local import LocalPool
from kvqa_audit.engine.ray_pool import RayPool
from kvqa_audit.images.fingerprint import ALGORITHM
from kvqa_audit.images.hashes import THUMBNAIL_SIDE_PX, dct_rows, phash256_of
from kvqa_audit.model import ImageFingerprint
from tests.benches.bench_engines import processor_seconds

WAVES = 14
A_COPY_IN = 100
AT_ONCE = 1_000


def thumbnails(count: int, seed: int = 1) -> Iterator[np.ndarray]:
    """Thumbnails, (64, 64) uint8."""
    waves = dct_rows(WAVES, THUMBNAIL_SIDE_PX)
    weight = 1 / (1 + np.add.outer(np.arange(WAVES), np.arange(WAVES)))
    before = np.zeros((THUMBNAIL_SIDE_PX,) * 2)
    for start in range(0, count, AT_ONCE):
        chance = np.random.default_rng((seed, start))
        drawn = waves.T @ (chance.normal(size=(AT_ONCE, WAVES, WAVES)) * weight) @ waves
        drawn = 128 + 45 * (drawn - drawn.mean((1, 2), keepdims=True)) / drawn.std((1, 2), keepdims=True)
        for number in range(min(AT_ONCE, count - start)):
            if number % A_COPY_IN == A_COPY_IN - 1:
                kind = number // A_COPY_IN % 3
                noisy = before + chance.normal(0, 2, before.shape)
                drawn[number] = (before[:, ::-1], before * 0.9 + 8, noisy)[kind]
            before = drawn[number]
            yield np.clip(before, 0, 255).astype(np.uint8)


def fingerprints(count: int) -> Iterator[ImageFingerprint]:
    for number, picture in enumerate(thumbnails(count)):
        name, digest = f"image-{number:09d}", sha256(picture).hexdigest()
        yield ImageFingerprint(
            img_id=name,
            path=f"images/{name}.jpg",
            size_bytes=20_000 + number % 5_000,
            sha256=digest,
            format="JPEG",
            mode="L",
            frames=1,
            width=360,
            height=288,
            pixel_digest=digest[:32],
            phash64=digest[:16],
            phash256=phash256_of(picture),
            brightness=float(picture.mean()),
            contrast=float(picture.std()),
            algorithm=ALGORITHM,
            thumbnail=picture.tobytes(),
            orientation=1,
        )


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


def join(name: str, pool: Executor, given: list[ImageFingerprint]) -> DuplicateResult:
    memory = PeakOfDriver()
    memory.start()
    started, before = time.perf_counter(), processor_seconds()
    result = find_duplicates(given, pool=pool)
    seconds, processor = time.perf_counter() - started, processor_seconds() - before
    memory.running = False
    print(
        f"  {name}: {seconds:,.0f} s, {processor:,.0f} s of processor time, driver {memory.peak_mb:,.0f} MB; "
        f"{result.examined['nominated_pairs']:,} candidate pairs, {len(result.pairs):,} pairs",
        flush=True,
    )
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("counts", nargs="*", type=int, default=[1_000_000])
    parser.add_argument("--processes", type=int, default=2)
    arguments = parser.parse_args()
    for count in arguments.counts:
        before = resident_mb()
        given = list(fingerprints(count))
        held = resident_mb() - before
        print(f"{count:,} fingerprints: {held:,.0f} MB in the driver, load {os.getloadavg()[0]:.1f}", flush=True)
        with LocalPool(arguments.processes) as pool:
            local = join("local pool", pool, given)
        with RayPool("local", processors=arguments.processes) as cluster:
            ray = join("Ray", cluster, given)
        print(f"  the same result: {local == ray}", flush=True)


if __name__ == "__main__":
    main()
