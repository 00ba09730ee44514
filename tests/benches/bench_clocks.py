"""Folders of images come in; how many clocks are read, what that costs, and which images they link, goes out.

python tests/benches/bench_clocks.py --images DIR [--images DIR …] --jobs N
"""

from __future__ import annotations

import argparse
import resource
import tempfile
from collections import Counter
from itertools import combinations
from pathlib import Path

from kvqa_audit.cache.caches import Caches
from kvqa_audit.cache.secret import kept_secret
from kvqa_audit.clocks.clock_stage import read_clocks
from kvqa_audit.clocks.hidden import HiddenReading
from kvqa_audit.clocks.link import examinations
from kvqa_audit.engine.local import LocalPool
from kvqa_audit.images.fingerprint_stage import fingerprint_images
from kvqa_audit.ingest.image_folder import FolderShard, list_images

WITHIN_SECONDS = (10, 60, 300)


def processor_seconds() -> float:
    """Of this process and of its children that have ended."""
    uses = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(use.ru_utime + use.ru_stime for use in uses)


def read(shards: list[FolderShard], digests: dict[str, str], jobs: int, folder: Path) -> tuple[HiddenReading, ...]:
    """Reads all clocks, with the cache in a folder."""
    with Caches.open(folder) as caches, LocalPool(jobs) as pool:
        key = kept_secret(caches.clocks_key)
        return read_clocks(shards, digests, key, pool=pool, cache=caches.clocks, digests=digests)


def measure(images: Path, jobs: int) -> None:
    shards = list(list_images(images).shards)
    with LocalPool(jobs) as pool:
        known = fingerprint_images(shards, pool=pool).fingerprints
    digests = {one.img_id: one.sha256 for one in known if one.problem is None and one.sha256}
    with tempfile.TemporaryDirectory() as folder:
        costs = []
        for _ in range(2):
            before = processor_seconds()
            readings = read(shards, digests, jobs, Path(folder))
            costs.append(processor_seconds() - before)
    seen = Counter(one.seen for one in readings)
    groups = examinations(readings)
    sizes = Counter(len(members) for members in groups.members().values())
    shown = seen["certain"] + seen["uncertain"]
    print(f"{images}: {len(readings):,} frames; processor seconds a frame {costs[0] / len(readings):.3f}, ", end="")
    print(f"the second time {costs[1] / len(readings):.4f}")
    print(
        f"  dates seen in {shown:,}, certain in {seen['certain']:,} ({seen['certain'] / max(1, shown):.0%}); ", end=""
    )
    print(f"{len(groups.places):,} with a certain clock, of {sizes.total():,} examinations")
    print(f"  examinations by their number of frames: {dict(sorted(sizes.items()))}")
    times = {img_id: place.seconds_from_start for img_id, (place,) in groups.places.items()}
    apart = [abs(times[a] - times[b]) for of in groups.members().values() for a, b in combinations(of, 2)]
    print("  pairs " + ", ".join(f"within {most} s: {sum(one <= most for one in apart)}" for most in WITHIN_SECONDS))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", action="append", type=Path, required=True)
    parser.add_argument("--jobs", type=int, default=2)
    asked = parser.parse_args()
    for images in asked.images:
        measure(images, asked.jobs)


if __name__ == "__main__":
    main()
