"""Folders of images come in; how many clocks are read, what that costs, and how many neighbours are found, goes out.

bench_clocks.py --images DIR [--images DIR …] [--jobs 2] [--pairs PAIRS.csv] [--judged PAIRS.csv]

Each folder is read by itself; then the frames of all of them together, identical files once, tell how many pairs of one
examination the duplicates stage reports. `--pairs` writes the pairs of an examination, up to five minutes apart, with
the column `same`; filled in by eye (`yes` for one scene) and given as `--judged`, it tells which of them count. Without
it all do.
"""

from __future__ import annotations

import argparse
import csv
import resource
import tempfile
from collections import Counter
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

from kvqa_audit.answers.image_groups import neighbours
from kvqa_audit.cache.caches import Caches
from kvqa_audit.cache.secret import kept_secret
from kvqa_audit.clocks.clock_stage import read_clocks
from kvqa_audit.clocks.hidden import HiddenReading
from kvqa_audit.clocks.link import examinations
from kvqa_audit.duplicates.find import find_duplicates
from kvqa_audit.engine.local import LocalPool
from kvqa_audit.images.fingerprint_stage import fingerprint_images
from kvqa_audit.ingest.image_folder import FolderShard, list_images
from kvqa_audit.model import ImageFingerprint
from kvqa_audit.model.estimate import wilson

WITHIN_SECONDS = (10, 60, 300)

Pair = tuple[str, str]


def processor_seconds() -> float:
    """Of this process and of its children that have ended."""
    uses = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(use.ru_utime + use.ru_stime for use in uses)


def read(shards: list[FolderShard], digests: dict[str, str], jobs: int, folder: Path) -> tuple[HiddenReading, ...]:
    """Reads all clocks, with the cache in a folder."""
    with Caches.open(folder) as caches, LocalPool(jobs) as pool:
        key = kept_secret(caches.clocks_key)
        return read_clocks(shards, digests, key, pool=pool, cache=caches.clocks, digests=digests)


def measure(images: Path, jobs: int, folder: Path) -> tuple[list[ImageFingerprint], tuple[HiddenReading, ...]]:
    shards = list(list_images(images).shards)
    with LocalPool(jobs) as pool:
        known = [one for one in fingerprint_images(shards, pool=pool).fingerprints if one.sha256]
    digests = {one.img_id: one.sha256 for one in known if one.problem is None and one.sha256}
    costs = []
    for _ in range(2):
        before = processor_seconds()
        readings = read(shards, digests, jobs, folder)
        costs.append(processor_seconds() - before)
    seen = Counter(one.seen for one in readings)
    shown = seen["certain"] + seen["uncertain"]
    print(f"{images}: {len(readings):,} frames; processor seconds a frame {costs[0] / len(readings):.3f}, ", end="")
    print(f"the second time {costs[1] / len(readings):.4f}")
    print(f"  dates seen in {shown:,}, certain in {seen['certain']:,} ({seen['certain'] / max(1, shown):.0%})")
    tell_groups(readings)
    return known, readings


def tell_groups(readings: Sequence[HiddenReading]) -> None:
    groups = examinations(readings)
    sizes = Counter(len(members) for members in groups.members().values())
    print(f"  {len(groups.places):,} with a certain clock, of {sizes.total():,} examinations;", end=" ")
    print(f"examinations by their number of frames: {dict(sorted(sizes.items()))}")


def tell_neighbours(
    known: Sequence[ImageFingerprint], readings: Sequence[HiddenReading], written: Path | None, judged: Path | None
) -> None:
    once = {one.sha256: one for one in known}
    ids = {one.img_id for one in once.values()}
    groups = examinations(one for one in readings if one.img_id in ids)
    tell_groups([one for one in readings if one.img_id in ids])
    found = find_duplicates(list(once.values()), neighbours=neighbours(groups))
    told = {(min(one.left, one.right), max(one.left, one.right)) for one in found.pairs}
    apart: dict[Pair, int] = {}
    for of in groups.in_order().values():
        for one, other in combinations(sorted(of), 2):
            first, second = of[one], of[other]
            if first is not None and second is not None and abs(first - second) <= max(WITHIN_SECONDS):
                apart[one, other] = abs(first - second)
    if written is not None:
        with written.open("w", newline="", encoding="utf-8") as file:
            rows = csv.writer(file)
            rows.writerow(("left", "right", "seconds", "told", "same"))
            rows.writerows((*pair, seconds, pair in told, "") for pair, seconds in sorted(apart.items()))
    same = set(apart) if judged is None else judged_same(judged)
    for most in WITHIN_SECONDS:
        close = {pair for pair, seconds in apart.items() if seconds <= most}
        counted = close & same
        text = (
            f"  pairs within {most} s: {len(close)}, of one scene {len(counted)}, of these told {len(counted & told)}"
        )
        if counted:
            low, high = wilson(len(counted & told), len(counted))
            text += f": recall {len(counted & told) / len(counted):.2f} (95 %: {low:.2f} to {high:.2f})"
        print(text)


def judged_same(path: Path) -> set[Pair]:
    with path.open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["same"].strip().lower() == "yes"]
    return {(min(row["left"], row["right"]), max(row["left"], row["right"])) for row in rows}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", action="append", type=Path, required=True)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--pairs", type=Path, help="where to write the pairs that are to be judged by eye")
    parser.add_argument("--judged", type=Path, help="the pairs with `same`, yes or no")
    asked = parser.parse_args()
    known, readings = list[ImageFingerprint](), list[HiddenReading]()
    with tempfile.TemporaryDirectory() as folder:
        # One key for all folders, so that frames of one examination are linked across them.
        for images in asked.images:
            of_folder = measure(images, asked.jobs, Path(folder))
            known += of_folder[0]
            readings += of_folder[1]
    print("all together, identical files once:")
    tell_neighbours(known, readings, asked.pairs, asked.judged)


if __name__ == "__main__":
    main()
