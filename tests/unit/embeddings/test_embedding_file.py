"""Vectors of a Parquet file are taken for the images of the dataset; what is wrong with it is told with its row."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kvqa_audit.embeddings.embedding_file import read_embeddings
from kvqa_audit.errors import SourceError

LISTS = pa.list_(pa.float32())


def written(path: Path, ids: list[Any], vectors: list[Any], kind: Any = LISTS) -> Path:
    pq.write_table(pa.table({"img_id": pa.array(ids), "vector": pa.array(vectors, kind)}), path)
    return path


@pytest.mark.parametrize(
    "kind", [pa.list_(pa.float32()), pa.large_list(pa.float64()), pa.list_(pa.float16(), 2), pa.list_(pa.float64(), 2)]
)
def test_vectors_are_found_by_id_and_made_comparable(tmp_path: Path, kind: pa.DataType) -> None:
    half = np.float16 if kind.value_type == pa.float16() else float
    path = written(tmp_path / "v.parquet", ["b", "a"], [[half(4), half(-9)], [half(0), half(7)]], kind)
    found, notes = read_embeddings(path, ["a", "b"])
    assert (found.img_ids, notes) == (("a", "b"), ())
    np.testing.assert_allclose(found.vectors, [[0, 1], np.array([2, -3]) / 13**0.5], rtol=1e-6)


def test_what_is_missing_and_what_is_too_much_is_counted(tmp_path: Path) -> None:
    path = written(tmp_path / "v.parquet", ["a", "x", "y"], [[1.0, 2.0]] * 3)
    found, notes = read_embeddings(path, ["a", "b", "c"])
    assert found.img_ids == ("a",)
    assert notes == (
        "v.parquet has no vector for 2 of 3 images; they are judged without.",
        "2 of the 3 vectors in v.parquet are of no image of the dataset.",
    )


@pytest.mark.parametrize(
    ("ids", "vectors", "problem"),
    [
        (["a", "b"], [[1.0, 2.0], [1.0]], "row 1 has a vector of 1 numbers, and the first row one of 2"),
        (["a", "b"], [[1.0, 2.0], None], "row 1 has no vector, and the first row one of 2"),
        (["a", "b"], [None, [1.0, 2.0]], "row 0 has a vector of 0 numbers, not 2 to 8,192"),
        (["a", "b"], [[1.0, 2.0], [1.0, float("nan")]], "row 1 has a number that is missing or not finite"),
        (["a", "b"], [[1.0, 2.0], [1.0, None]], "row 1 has a number that is missing or not finite"),
        (["a", "b"], [[1.0, 2.0], [float("inf"), 1.0]], "row 1 has a number that is missing or not finite"),
        (["a", "a"], [[1.0, 2.0]] * 2, "row 1 repeats the id 'a'"),
        (["a", None], [[1.0, 2.0]] * 2, "row 1 has no id"),
        (["x", "y"], [[1.0, 2.0]] * 2, "none of its 2 ids is an image of the dataset"),
        (["a"], [[1.0]], "row 0 has a vector of 1 numbers"),
    ],
)
def test_a_wrong_row_is_named(tmp_path: Path, ids: list[Any], vectors: list[Any], problem: str) -> None:
    path = written(tmp_path / "v.parquet", ids, vectors)
    with pytest.raises(SourceError) as raised:
        read_embeddings(path, ["a", "b"])
    assert str(raised.value).startswith(f"{path}: {problem}")


def test_other_columns_are_not_taken_for_vectors(tmp_path: Path) -> None:
    path = tmp_path / "v.parquet"
    for columns, problem in (
        ({"img_id": ["a"]}, "has 0 columns named 'vector'"),
        ({"img_id": [1], "vector": [[1.0, 2.0]]}, "column 'img_id' holds int64, not texts"),
        ({"img_id": ["a"], "vector": [["x", "y"]]}, "column 'vector' holds list<"),
        ({"img_id": ["a"], "vector": ["x"]}, "column 'vector' holds string, not lists of numbers"),
    ):
        pq.write_table(pa.table(columns), path)
        with pytest.raises(SourceError, match=problem):
            read_embeddings(path, ["a"])


def test_an_id_that_is_no_utf_8_is_read_as_in_tables(tmp_path: Path) -> None:
    ids = pa.Array.from_buffers(pa.string(), 1, [None, pa.py_buffer(b"\0\0\0\0\x02\0\0\0"), pa.py_buffer(b"\xfcb")])
    pq.write_table(pa.table({"img_id": ids, "vector": [[1.0, 2.0]]}), tmp_path / "v.parquet")
    found, _ = read_embeddings(tmp_path / "v.parquet", ["üb"])
    assert found.img_ids == ("üb",)


def test_no_more_is_read_than_fits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path / "v.parquet", ["a", "b"], [[1.0, 2.0]] * 2)
    monkeypatch.setattr("kvqa_audit.embeddings.embedding_file.MAX_NUMBERS", 3)
    with pytest.raises(SourceError, match="holds 4 numbers; at most 3 are read"):
        read_embeddings(path, ["a", "b"])


def test_what_is_no_parquet_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.parquet").write_text("img_id,vector\n")
    os.mkfifo(tmp_path / "pipe")
    for name in ("text.parquet", "pipe", "nowhere"):
        with pytest.raises(SourceError, match=name):
            read_embeddings(tmp_path / name, ["a"])
