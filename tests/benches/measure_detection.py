"""A folder of frames comes in; recall and names by transform, pairs outside the truth and seconds go out.

measure_detection.py FRAMES [--tools DIR] [--seeds 1 2 3] [--copies 260] [--keep DIR]

FRAMES is a dataset in the exported layout, or a bare folder of images. Copies are planted with the tool `plant.py`;
`--keep` leaves the plantings behind, each with an `audit/duplicates.parquet` for `score.py`.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from kvqa_audit.duplicates.find import DuplicateResult, find_duplicates
from kvqa_audit.engine.local import LocalPool
from kvqa_audit.images.fingerprint_stage import fingerprint_images
from kvqa_audit.ingest.image_folder import list_images
from kvqa_audit.model import DuplicatePair

MISSED = "missed"
TOOLS = Path(__file__).resolve().parents[3] / "shared" / "tools"


def with_table(frames: Path, folder: Path) -> Path:
    """The frames as plant.py takes them: given as they are, or, without a table, linked and with one row each."""
    if (frames / "metadata.csv").is_file():
        return frames
    images = frames / "images" if (frames / "images").is_dir() else frames
    folder.mkdir(parents=True)
    (folder / "images").symlink_to(images.resolve())
    with (folder / "metadata.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("source", "question", "answer", "img_id"))
        writer.writerows(("Normal", "Is there text?", "no", path.stem) for path in sorted(images.iterdir()))
    return folder


def plant(tools: Path, source: Path, target: Path, seed: int, copies: int) -> None:
    command = [sys.executable, str(tools / "plant.py"), str(source), str(target)]
    subprocess.run(
        [*command, "--seed", str(seed), "--copies", str(copies), "--flips", "0"], check=True, stdout=sys.stderr
    )


def detect(planted: Path) -> tuple[DuplicateResult, float, float]:
    """The duplicates of a planted folder, and the seconds of the image stage and of the duplicate stage."""
    shards = list_images(planted).shards
    with LocalPool(2) as pool:
        looked_at = fingerprint_images(shards, pool=pool)
    started = time.perf_counter()
    result = find_duplicates(looked_at.fingerprints)
    return result, looked_at.seconds, time.perf_counter() - started


def write_pairs(pairs: Sequence[DuplicatePair], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = ("left", "right", "tier", "distance_bits", "similarity", "transform", "group")
    pq.write_table(pa.table({name: [getattr(pair, name) for pair in pairs] for name in columns}), path)


def score(planted: Path, pairs: Sequence[DuplicatePair]) -> tuple[dict[str, list[str]], list[DuplicatePair]]:
    """Per transform how each planted copy was named, or MISSED, and the pairs of frames that are no copies."""
    truth = json.loads((planted / "truth.json").read_text())["duplicates"]
    original = {planting["copy"]: planting["original"] for planting in truth}
    named = {frozenset((pair.left, pair.right)): f"{pair.tier.value} ({pair.transform})" for pair in pairs}
    hits = defaultdict(list)
    for planting in truth:
        pair = frozenset((planting["original"], planting["copy"]))
        hits[planting["transform"]].append(named.get(pair, MISSED))
    return hits, [p for p in pairs if original.get(p.left, p.left) != original.get(p.right, p.right)]


def _recall(hits: dict[str, list[str]]) -> float:
    names = [name for many in hits.values() for name in many]
    return 1 - names.count(MISSED) / len(names)


@contextmanager
def workplace(kept: Path | None) -> Iterator[Path]:
    if kept is not None:
        yield kept
        return
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("frames", type=Path)
    parser.add_argument("--tools", type=Path, default=TOOLS)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--copies", type=int, default=260)
    parser.add_argument("--keep", type=Path)
    args = parser.parse_args()
    by_transform: dict[str, list[str]] = defaultdict(list)
    with workplace(args.keep) as place:
        source = with_table(args.frames, place / "frames")
        for seed in args.seeds:
            planted = place / f"planted-{seed}"
            plant(args.tools, source, planted, seed, args.copies)
            result, image_seconds, seconds = detect(planted)
            write_pairs(result.pairs, planted / "audit" / "duplicates.parquet")
            hits, outside = score(planted, result.pairs)
            for name, names in hits.items():
                by_transform[name] += names
            tiers = Counter(pair.tier.value for pair in outside)
            print(
                f"seed {seed}: {result.examined['images']} images, {len(result.pairs)} pairs, of them "
                f"{len(outside)} outside the truth {dict(tiers)}; recall {_recall(hits):.3f}; "
                f"image stage {image_seconds:.2f} s, duplicates {seconds:.2f} s",
                flush=True,
            )
    for name, names in sorted(by_transform.items()):
        told = ", ".join(f"{number} {word}" for word, number in Counter(names).most_common())
        print(f"{name:<18}{1 - names.count(MISSED) / len(names):.3f}  of {len(names)}: {told}")
    every = [name for names in by_transform.values() for name in names]
    print(f"{'all':<18}{1 - every.count(MISSED) / len(every):.4f}")


if __name__ == "__main__":
    main()
