"""A folder and a seed come in; a small sample dataset with known defects, drawn by the program itself, goes out."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from kvqa_audit.artifacts.out_folder import new_folder
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
    try:
        drawn = scenes(seed)
        rows = [row for img_id, scene in drawn.items() for row in rows_of(img_id, scene, spec)]
        with ThreadPoolExecutor(os.cpu_count()) as beside:  # the libraries draw without holding the others up
            files = beside.map(lambda scene: jpeg(draw(scene)), drawn.values())
            sample = Sample(spec, rows, dict(zip(drawn, files, strict=True)))
        plant_all(sample)
    except OSError as error:
        raise OutputError(f"{folder}: the sample cannot be drawn: {error.strerror}") from None
    files_of_it = {f"images/{img_id}.jpg": content for img_id, content in sample.files.items()}
    _write(folder, {**files_of_it, "metadata.csv": _table(sample.rows)})
    return DemoTruth(folder, len(sample.rows), len(sample.files), sample.truth())


def _table(rows: Iterable[Mapping[str, str]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, _COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    if os.path.lexists(folder) and (not folder.is_dir() or any(folder.iterdir())):
        _make_sure_it_holds(folder, files)
        return
    with new_folder(folder) as staging:
        try:
            (staging / "images").mkdir()
            for name, content in files.items():
                (staging / name).write_bytes(content)
        except OSError as error:
            raise OutputError(
                f"{folder}: the sample cannot be written: {error.strerror}; name another folder"
            ) from None


def _make_sure_it_holds(folder: Path, files: Mapping[str, bytes]) -> None:
    """Leaves the sample of an earlier call as it is, and touches nothing else that stands in its place."""
    there = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if not path.is_dir()}
    if there.keys() != files.keys() or any(
        path.is_symlink() or not path.is_file() or path.read_bytes() != files[name] for name, path in there.items()
    ):
        raise OutputError(f"{folder}: holds something else than the sample; name another folder")
