"""A dataset comes in; how well the box and text detectors agree with its answers, and what they cost, goes out.

measure_overlays.py SOURCE [--spec FOLDER] [--jobs 2] [--sheets FOLDER]

Figures are given for two halves of the images, by a hash of the id, and for all of them: the detectors were tuned on
the half `tuning`. `--sheets` draws the disagreements, the surest first, for somebody to look at.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from PIL import Image, ImageDraw

from kvqa_audit.engine.local import LocalPool
from kvqa_audit.images.decode import decode
from kvqa_audit.ingest.dataset import Dataset
from kvqa_audit.ingest.open import open_dataset
from kvqa_audit.overlays.answer_agreement import DETECTORS, ComparedRow, agreement_of, asked_images, compare
from kvqa_audit.overlays.overlay_stage import READ_MIN_SIDE_PX, find_overlays, look_at
from kvqa_audit.spec.load import load_spec

SHOWN = 40
CELL_PX = (380, 330)
TIMED_IMAGES = 100


def half_of(img_id: str) -> str:
    return "held out" if hashlib.sha256(img_id.encode()).digest()[0] % 2 else "tuning"


def cost(dataset: Dataset, ids: Sequence[str]) -> dict[str, float]:
    """CPU milliseconds an image, for the decode alone and for everything, in this process."""
    images = [raw for raw in dataset.read_images(ids[:TIMED_IMAGES]) if raw.problem is None]
    if not images:
        return {}
    look_at(images[0])
    started = time.process_time()
    for raw in images:
        decode(raw.data, READ_MIN_SIDE_PX)
    decoded = time.process_time()
    for raw in images:
        look_at(raw)
    done = time.process_time()
    return {
        "decode_ms": round((decoded - started) / len(images) * 1e3, 2),
        "all_ms": round((done - decoded) / len(images) * 1e3, 2),
    }


def draw_sheet(dataset: Dataset, rows: Sequence[ComparedRow], path: Path) -> None:
    """The disagreements as one picture, five in a line."""
    wide, high = CELL_PX
    data = {raw.img_id: raw.data for raw in dataset.read_images([one.img_id for one in rows])}
    sheet = Image.new("RGB", (5 * wide, -(-len(rows) // 5) * high), (60, 60, 60))
    for number, one in enumerate(rows):
        image = Image.open(io.BytesIO(data[one.img_id])).convert("RGB")
        draw = ImageDraw.Draw(image)
        for region in one.detection.regions if one.detection.is_seen else ():
            left, top = region.x * image.width, region.y * image.height
            right, bottom = left + region.width * image.width, top + region.height * image.height
            draw.rectangle((left, top, right, bottom), outline=(255, 0, 255), width=max(2, image.width // 250))
        image.thumbnail((wide - 6, high - 20))
        place = (number % 5 * wide, number // 5 * high)
        sheet.paste(image, (place[0], place[1] + 16))
        title = f"{number + 1}. answered {one.answer}, {one.doubt:.2f}, {one.img_id}"
        ImageDraw.Draw(sheet).text((place[0] + 2, place[1] + 2), title, fill=(255, 255, 0))
    sheet.save(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source")
    parser.add_argument("--spec")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--sheets", type=Path)
    options = parser.parse_args()
    spec = load_spec(options.spec)
    dataset = open_dataset(options.source, spec)
    ids = asked_images(dataset.table.frame, spec)
    with LocalPool(options.jobs) as pool:
        overlays = find_overlays(dataset.shards, ids, pool=pool)
    print(json.dumps({"images": len(overlays), "unreadable": sum(one.problem is not None for one in overlays)}))
    print(json.dumps(cost(dataset, ids)))
    for detector in DETECTORS:
        rows = compare(dataset.table.frame, spec, overlays, detector)
        for part in ("tuning", "held out", "all"):
            chosen = [one for one in rows if part in ("all", half_of(one.img_id))]
            figures = {
                key: round(value, 4) if isinstance(value, float) else value
                for key, value in asdict(agreement_of(chosen)).items()
            }
            print(json.dumps({"detector": detector, "images": part, **figures}))
        wrong = sorted((one for one in rows if not one.agrees), key=lambda one: (-one.doubt, one.row))[:SHOWN]
        for one in wrong:
            print(f"  {one.doubt:.3f} answered {one.answer} {one.img_id} ({half_of(one.img_id)})")
        if options.sheets is not None and wrong:
            options.sheets.mkdir(parents=True, exist_ok=True)
            draw_sheet(dataset, wrong, options.sheets / f"{detector}.png")


if __name__ == "__main__":
    main()
