"""A place changes with its file and with what the rows call their pictures, and is not given where neither is sure."""

from __future__ import annotations

import time
from pathlib import Path

from kvqa_audit.ingest.image_place import places_in_file


def test_other_ids_of_the_rows_give_an_id_another_place(tmp_path: Path) -> None:
    path = tmp_path / "data.parquet"
    path.write_bytes(b"pictures")
    time.sleep(0.05)  # files as young as the clock's tick are not trusted
    first = places_in_file(str(path), "image", ["a", "b"], ["a"])
    assert first == places_in_file(str(path), "image", ["a", "b"], ["a"])
    assert list(first) == ["a"]
    assert first["a"].location != places_in_file(str(path), "image", ["b", "a"], ["a"])["a"].location


def test_a_file_that_is_not_there_has_no_places(tmp_path: Path) -> None:
    assert places_in_file(str(tmp_path / "none.parquet"), "image", ["a"], ["a"]) == {}
