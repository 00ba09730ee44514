"""Vectors of a file and of a model are part of an audit; what does not match is said, and bad files are told."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kvqa_audit.demo import DemoTruth

from .conftest import Program


def write_vectors(path: Path, ids: list[str]) -> Path:
    vectors = np.random.default_rng(3).normal(size=(len(ids), 64)).astype(np.float32)
    pq.write_table(pa.table({"img_id": ids, "vector": list(vectors)}), path)
    return path


def ids_of(dataset: Path) -> list[str]:
    with (dataset / "metadata.csv").open(encoding="utf-8") as file:
        return sorted({row["img_id"].strip() for row in csv.DictReader(file)} - {""})


def notes_of(out: Path) -> list[str]:
    notes: list[str] = json.loads((out / "audit.json").read_text())["metrics"]["notes"]
    return notes


def test_vectors_of_a_file_are_taken(drawn: tuple[Path, DemoTruth], program: Program, tmp_path: Path) -> None:
    ids = ids_of(drawn[0])
    path = write_vectors(tmp_path / "vectors.parquet", [*ids[1:], "a stranger"])
    done = program("run", drawn[0], "--subset", "--embeddings", path, "--out", tmp_path / "out")
    assert done.returncode == 1, done.stderr
    missing = [note for note in notes_of(tmp_path / "out") if "vectors.parquet" in note]
    assert missing[0].startswith("vectors.parquet has no vector for ")
    assert missing[1] == f"1 of the {len(ids):,} vectors in vectors.parquet are of no image of the dataset."


def test_a_model_is_run_over_the_images_and_what_it_gave_is_kept(
    drawn: tuple[Path, DemoTruth], program: Program, tmp_path: Path
) -> None:
    pytest.importorskip("onnxruntime")
    networks = pytest.importorskip("tests.small_networks")
    model = networks.write_network(tmp_path / "small.onnx")
    for out in ("first", "again"):
        done = program("run", drawn[0], "--subset", "--embedder", model, "--out", tmp_path / out)
        assert done.returncode == 1, done.stderr
    stages = json.loads((tmp_path / "first" / "audit.json").read_text())["stages"]
    assert "run the model over the images" in {stage["name"] for stage in stages}
    first, again = (pq.read_table(tmp_path / out / "findings.parquet") for out in ("first", "again"))
    assert first["key"] == again["key"]
    assert not [note for note in notes_of(tmp_path / "first") if "small.onnx" in note]


def test_files_that_cannot_be_used_are_told_before_the_audit(
    drawn: tuple[Path, DemoTruth], program: Program, tmp_path: Path
) -> None:
    (tmp_path / "text.parquet").write_text("img_id,vector\n")
    for option, name in (("--embeddings", "text.parquet"), ("--embedder", "nowhere.onnx")):
        done = program("run", drawn[0], "--subset", option, tmp_path / name, "--out", tmp_path / "out")
        assert done.returncode == 2
        assert name in done.stderr
        assert not (tmp_path / "out").exists()
