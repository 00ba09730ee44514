"""Takes fingerprints of the same pictures by the local pool and by Ray on this machine; prints processor time an image.

    python tests/benches/bench_engines.py FOLDER [FOLDER …] [--runs 3]

Each run has both engines in turn, started and warm; counted is the time of all their processes, also Ray's own.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from statistics import median

from kvqa_audit.engine.executor import Executor
from kvqa_audit.engine.local import LocalPool
from kvqa_audit.engine.ray_pool import RayPool
from kvqa_audit.images.fingerprint_stage import fingerprint_images
from kvqa_audit.ingest.dataset import ImageShard
from kvqa_audit.ingest.image_folder import list_images
from tests.processes import descendants

PROCESSES = 2
TICKS = os.sysconf("SC_CLK_TCK")


def processor_seconds() -> float:
    """Of this process and all below it, those included that have ended and were waited for."""
    ticks = 0
    for pid in {os.getpid(), *descendants(os.getpid())}:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += sum(map(int, fields[11:15]))
    return ticks / TICKS


def milliseconds_an_image(pool: Executor, shards: list[ImageShard]) -> float:
    fingerprint_images(shards[:PROCESSES], pool=pool)
    before = processor_seconds()
    found = fingerprint_images(shards, pool=pool)
    return 1_000 * (processor_seconds() - before) / len(found.fingerprints)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    shards = [shard for folder in given.folders for shard in list_images(folder).shards]
    ratios = []
    for _ in range(given.runs):
        with LocalPool(PROCESSES) as pool:
            local = milliseconds_an_image(pool, shards)
        with RayPool("local", processors=PROCESSES) as cluster:
            ray = milliseconds_an_image(cluster, shards)
        ratios.append(ray / local)
        print(f"{local:.2f} ms of processor time an image by the local pool, {ray:.2f} by Ray: {ratios[-1]:.2f} times")
    images = sum(len(shard.ids) for shard in shards)
    print(f"median of {given.runs} runs over {images:,} images: {median(ratios):.2f} times")


if __name__ == "__main__":
    main()
