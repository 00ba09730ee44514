"""A folder and a seed come in; a small sample dataset with known defects, drawn by the program itself, goes out."""

from __future__ import annotations

import csv
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from kvqa_audit.demo.truth import DemoTruth, Planted
from kvqa_audit.errors import OutputError

__all__ = ["DemoTruth", "Planted", "draw_demo"]

_COLUMNS = ("source", "question", "answer", "img_id")


def draw_demo(folder: Path, seed: int = 1) -> DemoTruth:
    """Writes `metadata.csv` and `images/` in the exported layout of Kvasir-VQA, about 2 MB, and says what is wrong.

    The pictures are procedural drawings; no picture of a person is used. The same seed gives the same bytes.

    Raises:
        OutputError: the folder cannot be written.
    """
    from kvqa_audit.demo.picture import draw
    from kvqa_audit.demo.planting import Sample, jpeg, plant_all
    from kvqa_audit.demo.scenes import rows_of, scenes
    from kvqa_audit.spec.load import DEFAULT_DATASET, load_spec

    spec = load_spec(DEFAULT_DATASET)
    images = folder / "images"
    try:
        images.mkdir(parents=True, exist_ok=True)
        drawn = scenes(seed)
        rows = [row for img_id, scene in drawn.items() for row in rows_of(img_id, scene, spec)]
        with ThreadPoolExecutor(os.cpu_count()) as beside:  # the libraries draw without holding the others up
            files = beside.map(lambda scene: jpeg(draw(scene)), drawn.values())
            sample = Sample(spec, rows, dict(zip(drawn, files, strict=True)))
        plant_all(sample)
        for img_id, content in sample.files.items():
            (images / f"{img_id}.jpg").write_bytes(content)
        with (folder / "metadata.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, _COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(sample.rows)
    except OSError as error:
        raise OutputError(f"{folder}: the sample cannot be written: {error.strerror}; name another folder") from None
    return DemoTruth(folder, len(sample.rows), len(sample.files), sample.truth())
