"""Folders of images come in; the image stage's cost beside a bare reduced decode, and a second run's share, go out.

Seconds of the clock, once the processes are ready, and of the processors, of all processes and their start together; on
a machine that others use as well the processors' are the ones to look at.

python tests/benches/bench_images.py --images DIR [--images DIR …] --jobs N --runs N
"""

from __future__ import annotations

import argparse
import io
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from unittest.mock import patch

from PIL import Image

from kvqa_audit.cache.fingerprints import FingerprintCache
from kvqa_audit.engine.local import LocalPool
from kvqa_audit.images.each import PickedImages
from kvqa_audit.images.fingerprint import fingerprint
from kvqa_audit.images.fingerprint_stage import fingerprint_images, fingerprint_task
from kvqa_audit.images.jpeg_damage import damage_inside
from kvqa_audit.ingest.image_folder import FolderShard, list_images

PoolT = TypeVar("PoolT")


def bare_decode(paths: list[str]) -> int:
    """Reads and decodes, reduced, and does nothing else."""
    for path in paths:
        image = Image.open(io.BytesIO(Path(path).read_bytes()))
        image.draft(None, (128, 128))
        image.load()
    return len(paths)


@contextmanager
def decoders(jobs: int) -> Iterator[ProcessPoolExecutor]:
    """Processes that are ready to decode and do nothing else."""
    with ProcessPoolExecutor(jobs) as pool:
        list(pool.map(bare_decode, [[]] * jobs))
        yield pool


@contextmanager
def readers(jobs: int) -> Iterator[LocalPool]:
    """Children that are ready, as an audit has them once it has read the table."""
    with LocalPool(jobs) as pool:
        pool.start("kvqa_audit.images.fingerprint_stage")
        list(
            pool.map_unordered(
                fingerprint_task, [PickedImages(FolderShard("/", ()), frozenset())] * jobs, pool.share(None)
            )
        )
        yield pool


def decode_all(pool: ProcessPoolExecutor, shards: list[FolderShard]) -> None:
    list(pool.map(bare_decode, [[f"{shard.root}/{relative}" for _, relative in shard.files] for shard in shards]))


@dataclass(frozen=True)
class Cost:
    """Seconds by the clock, the start of the processes apart, and of the processors in all processes together."""

    clock: float
    start: float
    processor: float


def processor_seconds() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def cost_of(processes: AbstractContextManager[PoolT], work: Callable[[PoolT], object]) -> Cost:
    used, started = processor_seconds(), time.perf_counter()
    with processes as pool:
        begun = time.perf_counter()
        work(pool)
        ended = time.perf_counter()
    return Cost(ended - begun, begun - started, processor_seconds() - used)


def share_of_the_damage_screen(shards: list[FolderShard]) -> float:
    """What share of the processor time of fingerprints goes into looking for damage inside JPEGs, in this process."""
    images = [raw for shard in shards for raw in shard.read() if raw.problem is None]
    spent = 0.0

    def timed(*given: Any) -> str | None:
        nonlocal spent
        began = time.process_time()
        told = damage_inside(*given)
        spent += time.process_time() - began
        return told

    with patch("kvqa_audit.images.decode.damage_inside", timed):
        began = time.process_time()
        for raw in images:
            fingerprint(raw)
        return spent / (time.process_time() - began)


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
    shards = [shard for folder in given.images for shard in list_images(folder).shards]
    bare, stage, second = [], [], []
    for _ in range(given.runs):  # one after the other in every round, so that a busy machine hits all alike
        bare.append(cost_of(decoders(given.jobs), lambda pool: decode_all(pool, shards)))
        with tempfile.TemporaryDirectory() as folder, FingerprintCache(Path(folder)) as cache:
            read = partial(fingerprint_images, shards, cache=cache)
            stage.append(cost_of(readers(given.jobs), lambda pool: read(pool=pool)))  # noqa: B023 - called at once
            second.append(cost_of(readers(given.jobs), lambda pool: read(pool=pool)))  # noqa: B023 - called at once
    images = sum(len(shard.ids) for shard in shards)
    print(f"{images} images, {given.jobs} jobs, medians of {given.runs} runs")
    print(f"{'':<22}{'clock':>10}           {'processors':>12}")
    print(line("bare reduced decode", bare, bare))
    print(line("image stage", stage, bare))
    shares = [share_of_the_damage_screen(shards) for _ in range(given.runs)]
    print(f"damage inside JPEGs    {100 * statistics.median(shares):5.1f} % of the processor time of the fingerprints")
    share = statistics.median(again.clock / first.clock for again, first in zip(second, stage, strict=True))
    seconds = statistics.median(one.clock for one in second)
    print(f"{'second run':<22}{seconds:8.3f} s  {100 * share:5.1f} % of the first")
    start = statistics.median(one.start for one in stage)
    print(f"not in the clock's figures: the start of the children, {start:.3f} s, while an audit reads the table")


if __name__ == "__main__":
    main()
