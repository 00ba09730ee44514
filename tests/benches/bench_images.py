"""Folders of images come in; the image stage's cost beside a bare reduced decode, and a second run's share, go out.

Seconds of the clock and of the processors, of all processes together; on a machine that others use as well the
processors' are the ones to look at.

python tests/benches/bench_images.py --images DIR [--images DIR …] --jobs N --runs N
"""

from __future__ import annotations

import argparse
import io
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from kvqa_audit.engine.local import LocalPool
from kvqa_audit.images.cache import FingerprintCache
from kvqa_audit.images.stage import fingerprint_images
from kvqa_audit.ingest.image_folder import FolderShard, list_image_folder


def bare_decode(paths: list[str]) -> int:
    """Reads and decodes, reduced, and does nothing else."""
    for path in paths:
        image = Image.open(io.BytesIO(Path(path).read_bytes()))
        image.draft(None, (128, 128))
        image.load()
    return len(paths)


def decode_all(shards: list[FolderShard], jobs: int) -> None:
    parts = [[f"{shard.root}/{relative}" for _, relative in shard.files] for shard in shards]
    with ProcessPoolExecutor(jobs) as pool:
        list(pool.map(bare_decode, parts))


def fingerprint_all(shards: Sequence[FolderShard], jobs: int, cache: FingerprintCache) -> None:
    """The image stage, with the start and the end of its children."""
    with LocalPool(jobs) as pool:
        fingerprint_images(shards, pool=pool, cache=cache)


@dataclass(frozen=True)
class Cost:
    """Seconds by the clock, and of the processors in this process and its children that have ended."""

    clock: float
    processor: float


def processor_seconds() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def cost_of(work: Callable[[], object]) -> Cost:
    started, used = time.perf_counter(), processor_seconds()
    work()
    return Cost(time.perf_counter() - started, processor_seconds() - used)


def line(name: str, costs: list[Cost], beside: list[Cost]) -> str:
    clock = statistics.median(one.clock for one in costs)
    processor = statistics.median(one.processor for one in costs)
    by_clock = statistics.median(one.clock / other.clock for one, other in zip(costs, beside, strict=True))
    by_processor = statistics.median(one.processor / other.processor for one, other in zip(costs, beside, strict=True))
    return f"{name:<22}{clock:8.3f} s  {by_clock:5.2f} x   {processor:8.3f} s  {by_processor:5.2f} x"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=Path, action="append", required=True)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    shards = [shard for folder in given.images for shard in list_image_folder(folder, folder, ())[0]]
    bare, stage, second = [], [], []
    for _ in range(given.runs):  # one after the other in every round, so that a busy machine hits all alike
        bare.append(cost_of(lambda: decode_all(shards, given.jobs)))
        with tempfile.TemporaryDirectory() as folder, FingerprintCache(Path(folder)) as cache:
            stage.append(cost_of(lambda: fingerprint_all(shards, given.jobs, cache)))
            second.append(cost_of(lambda: fingerprint_all(shards, given.jobs, cache)))
    images = sum(len(shard.ids) for shard in shards)
    print(f"{images} images, {given.jobs} jobs, medians of {given.runs} runs")
    print(f"{'':<22}{'clock':>10}           {'processors':>12}")
    print(line("bare reduced decode", bare, bare))
    print(line("image stage", stage, bare))
    share = statistics.median(again.clock / first.clock for again, first in zip(second, stage, strict=True))
    seconds = statistics.median(one.clock for one in second)
    print(f"{'second run':<22}{seconds:8.3f} s  {100 * share:5.1f} % of the first")


if __name__ == "__main__":
    main()
