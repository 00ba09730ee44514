"""Folders of images come in; the image stage's time beside a bare reduced decode, and a second run's share, go out.

python tests/benches/bench_images.py --images DIR [--images DIR …] --jobs N --runs N
"""

from __future__ import annotations

import argparse
import io
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from PIL import Image

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


def seconds_of(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=Path, action="append", required=True)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    shards = [shard for folder in given.images for shard in list_image_folder(folder, folder, ())[0]]
    bare, stage, second = [], [], []
    for _ in range(given.runs):  # one after the other in every round, so that a busy machine hits all alike
        bare.append(seconds_of(lambda: decode_all(shards, given.jobs)))
        with tempfile.TemporaryDirectory() as folder, FingerprintCache(Path(folder)) as cache:
            stage.append(seconds_of(lambda: fingerprint_images(shards, jobs=given.jobs, cache=cache)))
            second.append(seconds_of(lambda: fingerprint_images(shards, jobs=given.jobs, cache=cache)))
    images = sum(len(shard.ids) for shard in shards)
    ratios = [ours / theirs for ours, theirs in zip(stage, bare, strict=True)]
    print(f"{images} images, {given.jobs} jobs, medians of {given.runs} runs")
    print(f"bare reduced decode   {statistics.median(bare):7.3f} s")
    print(
        f"image stage           {statistics.median(stage):7.3f} s   {statistics.median(ratios):5.2f} x the bare decode"
    )
    share = statistics.median(again / first for again, first in zip(second, stage, strict=True))
    print(f"second run            {statistics.median(second):7.3f} s   {100 * share:5.1f} % of the first")


if __name__ == "__main__":
    main()
