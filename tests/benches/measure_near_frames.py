"""A source comes in; its near frames, their recall against groups with times, and what looking for motion costs go out.

measure_near_frames.py SOURCE [--groups GROUPS.json] [--pairs PAIRS.csv] [--rounds 5]

GROUPS.json is an `audit.json`, whose groups of images tell the times (`run --ocr` reads clocks), or its `image_groups`
alone; without it recall is not told. Recall is of all pairs within 10, 60 and 300 seconds in a group, whether they show
one scene or not: only looking at them tells, so `--pairs` writes those found and those missed. Cost is of processor, in
one process, as a share of the whole duplicates stage in the same run, the median of the rounds.
"""

from __future__ import annotations

import argparse
import csv
import json
import statistics
import time
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any

from kvqa_audit.answers.image_groups import neighbours
from kvqa_audit.duplicates import similar
from kvqa_audit.duplicates.find import DuplicateResult, find_duplicates
from kvqa_audit.engine.local import LocalPool
from kvqa_audit.images.fingerprint_stage import fingerprint_images
from kvqa_audit.ingest.image_folder import list_images
from kvqa_audit.model import MOVED, ImageFingerprint, ImageGroups, Tier

WITHIN_SECONDS = (10, 60, 300)


def read_groups(path: Path) -> ImageGroups:
    record = json.loads(path.read_text(encoding="utf-8"))
    return ImageGroups.from_json(record["metrics"]["image_groups"] if "metrics" in record else record)


def timed(function: Callable[..., Any], spent: list[float]) -> Callable[..., Any]:
    def call(*arguments: Any, **named: Any) -> Any:
        started = time.process_time()
        try:
            return function(*arguments, **named)
        finally:
            spent.append(time.process_time() - started)

    return call


def measured(
    images: tuple[ImageFingerprint, ...], groups: ImageGroups, rounds: int
) -> tuple[DuplicateResult, float, float]:
    """What is found; the median seconds of the stage, and the median share that motion takes of it."""
    seconds, shares = [], []
    looked, of_one_kind = similar.moved_pairs, similar.are_of_one_kind
    for _ in range(rounds):
        spent: list[float] = []
        similar.moved_pairs, similar.are_of_one_kind = timed(looked, spent), timed(of_one_kind, spent)
        started = time.process_time()
        result = find_duplicates(images, neighbours=neighbours(groups))
        seconds.append(time.process_time() - started)
        shares.append(sum(spent) / seconds[-1])
    similar.moved_pairs, similar.are_of_one_kind = looked, of_one_kind
    return result, statistics.median(seconds), statistics.median(shares)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path)
    parser.add_argument("--groups", type=Path)
    parser.add_argument("--pairs", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with LocalPool(2) as pool:
        images = fingerprint_images(list_images(options.source).shards, pool=pool).fingerprints
    groups = read_groups(options.groups) if options.groups else ImageGroups()
    alone, stage, share = measured(images, ImageGroups(), options.rounds)
    tiers = {tier.value: sum(pair.tier is tier for pair in alone.pairs) for tier in Tier}
    moved = sum(pair.transform == MOVED for pair in alone.pairs)
    print(f"{len(images):,} images; pairs without times: {tiers}, of the near frames {moved} by motion")
    print(f"cost: {stage:.2f} s of processor in all, {share:.0%} of it for motion", flush=True)
    starts = {name: {one: at for one, at in of.items() if at is not None} for name, of in groups.in_order().items()}
    together, _, _ = measured(images, groups, 1)
    found = {(pair.left, pair.right) for pair in together.pairs}
    before = {(pair.left, pair.right) for pair in alone.pairs}
    apart = {(min(one, other), max(one, other)): abs(of[one] - of[other])
             for of in starts.values() for one, other in combinations(sorted(of), 2)}  # fmt: skip
    for most in WITHIN_SECONDS if groups.places else ():
        close = {pair for pair, seconds in apart.items() if seconds <= most}
        print(
            f"within {most} s: {len(close)} pairs, {len(close & found)} found with times, {len(close & before)} without"
        )
    if options.pairs:
        with options.pairs.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(("left", "right", "seconds", "found"))
            close = {pair for pair, seconds in apart.items() if seconds <= max(WITHIN_SECONDS)}
            writer.writerows((*pair, apart.get(pair, ""), pair in found) for pair in sorted(close | found))


if __name__ == "__main__":
    main()
