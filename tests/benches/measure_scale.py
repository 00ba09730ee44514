"""Folders of frames come in; how many planted copies are found among many look-alikes, seconds and memory go out.

measure_scale.py FRAMES ... [--counts 10000 20000 100000] [--tools DIR] [--seed N] [--keep DIR]

A look-alike is two frames laid over each other, each cut, mirrored or turned over as chance has it: new pictures with
what the frames have in common. Copies of some are planted under the transforms of the tool `plant.py`. A pair counts as
false where its pictures share no frame, nor two frames that are copies or neighbours of each other.
"""

from __future__ import annotations

import argparse
import importlib.util
import random
import resource
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from multiprocessing import Pool
from pathlib import Path
from typing import Any

import numpy as np
from measure_detection import TOOLS, workplace
from PIL import Image, ImageOps

from kvqa_audit.duplicates.find import find_duplicates
from kvqa_audit.engine.local import LocalPool
from kvqa_audit.images.fingerprint_stage import fingerprint_images
from kvqa_audit.ingest.image_folder import list_images

SIZE = (360, 288)


@dataclass(frozen=True)
class LookAlike:
    """How one look-alike is made: its number, its frames, and where it goes."""

    number: int
    frames: tuple[Path, Path]
    target: Path

    @classmethod
    def drawn(cls, number: int, seed: int, frames: Sequence[Path], folder: Path) -> LookAlike:
        first, second = random.Random(f"{seed} {number}").sample(range(len(frames)), 2)
        return cls(number, (frames[first], frames[second]), folder / f"l{number:07d}.jpg")

    def draw(self) -> None:
        chance = random.Random(f"how {self.target.name}")
        share = chance.uniform(0.4, 0.6)
        laid = share * _cut(_frame(self.frames[0]), chance) + (1 - share) * _cut(_frame(self.frames[1]), chance)
        laid = (laid - laid.mean()) * chance.uniform(1.1, 1.6) + chance.uniform(80, 150)
        Image.fromarray(np.clip(laid, 0, 255).astype(np.uint8)).save(self.target, "JPEG", quality=88)


@cache
def _frame(path: Path) -> Image.Image:
    return Image.open(path).convert("RGB").resize(SIZE, Image.Resampling.BICUBIC)


def _cut(frame: Image.Image, chance: random.Random) -> np.ndarray[Any, Any]:
    share = chance.uniform(0.6, 0.95)
    width, height = (int(side * share) for side in SIZE)
    left, top = chance.randrange(SIZE[0] - width), chance.randrange(SIZE[1] - height)
    cut = frame.crop((left, top, left + width, top + height)).resize(SIZE, Image.Resampling.BILINEAR)
    cut = ImageOps.mirror(cut) if chance.random() < 0.5 else cut
    return np.asarray(ImageOps.flip(cut) if chance.random() < 0.5 else cut, np.float32)


@dataclass(frozen=True)
class Planted:
    """The families of frames that each picture was made of, and for each copy its original and the transform."""

    made_of: dict[str, frozenset[str]]
    copies: dict[str, tuple[str, str]]


def families(folders: Sequence[Path]) -> dict[Path, str]:
    """Every frame, with what stands for it and all that show the same."""
    frames: dict[str, Path] = {}
    fingerprints = []
    with LocalPool(2) as pool:
        for number, folder in enumerate(folders):
            files = {path.stem: path for path in folder.iterdir()}
            for found in fingerprint_images(list_images(folder).shards, pool=pool).fingerprints:
                img_id = f"{number} {found.img_id}"
                fingerprints.append(replace(found, img_id=img_id))
                frames[img_id] = files[found.img_id]
        groups = {one: pair.group for pair in find_duplicates(fingerprints).pairs for one in (pair.left, pair.right)}
    return {path: groups.get(img_id, img_id) for img_id, path in frames.items()}


def plant(families: dict[Path, str], folder: Path, count: int, copies: int, seed: int, tools: Path) -> Planted:
    """Writes `count` look-alikes, and copies of some of them, into a folder."""
    spec = importlib.util.spec_from_file_location("plant", tools / "plant.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    menu = list(module.transforms(np.random.default_rng(seed)).items())
    images = folder / "images"
    images.mkdir(parents=True)
    frames = sorted(families)
    drawn = [LookAlike.drawn(number, seed, frames, images) for number in range(count)]
    with Pool(2) as pool:
        for _ in pool.imap_unordered(LookAlike.draw, drawn, chunksize=200):
            pass
    made_of = {one.target.stem: frozenset(families[frame] for frame in one.frames) for one in drawn}
    planted, chance = {}, random.Random(seed)
    for number in range(copies):
        original, (name, how) = drawn[chance.randrange(count)].target, menu[number % len(menu)]
        copy = images / f"c{number:05d}.jpg"
        if how is None:
            copy.write_bytes(original.read_bytes())
        else:
            alter, quality = how
            alter(Image.open(original).convert("RGB")).save(copy, "JPEG", quality=quality)
        planted[copy.stem], made_of[copy.stem] = (original.stem, name), made_of[original.stem]
    return Planted(made_of, planted)


def measure(folder: Path, planted: Planted) -> str:
    started = time.perf_counter()
    with LocalPool(2) as pool:
        looked_at = fingerprint_images(list_images(folder).shards, pool=pool)
        image_seconds, started = time.perf_counter() - started, time.perf_counter()
        result = find_duplicates(looked_at.fingerprints, pool=pool)
    seconds = time.perf_counter() - started
    found = {frozenset((pair.left, pair.right)) for pair in result.pairs}
    missed = Counter(how for copy, (of, how) in planted.copies.items() if frozenset((copy, of)) not in found)
    false = [pair for pair in result.pairs if not planted.made_of[pair.left] & planted.made_of[pair.right]]
    tiers = dict(Counter(pair.tier.value for pair in false))
    return (
        f"{len(planted.made_of):>9,} pictures: recall {1 - missed.total() / len(planted.copies):.4f} "
        f"{dict(missed) or ''}, {len(result.pairs):,} pairs, {len(false):,} without a common frame {tiers}; "
        f"image stage {image_seconds:.1f} s, duplicates {seconds:.1f} s, "
        f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB; {'; '.join(result.notes)}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("frames", type=Path, nargs="+")
    parser.add_argument("--counts", type=int, nargs="+", default=[10_000, 21_000, 100_000])
    parser.add_argument("--copies", type=int, default=260)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tools", type=Path, default=TOOLS)
    parser.add_argument("--keep", type=Path)
    args = parser.parse_args()
    known = families(args.frames)
    with workplace(args.keep) as place:
        for count in args.counts:
            folder = place / str(count)
            planted = plant(known, folder, count, args.copies, args.seed, args.tools)
            print(measure(folder, planted), flush=True)


if __name__ == "__main__":
    main()
