"""A name that several pictures have is a path, where another column of the row names the folder."""

from __future__ import annotations

from typing import Any

import pytest

from kvqa_audit.ingest.folder_in_a_column import with_folders
from kvqa_audit.ingest.source_format import RawTable, Wanted

PATHS = [f"images/{split}/{n}/scan.png" for n in range(8) for split in ("train" if n < 6 else "test",)]


def table(**columns: list[Any]) -> RawTable:
    rows = len(next(iter(columns.values())))
    return RawTable("qa.json", "JSON list", tuple(columns), columns, rows)


@pytest.mark.parametrize("kind", [str, int])
def test_the_column_that_names_the_folder_is_found(kind: type) -> None:
    cases: list[Any] = [kind(n) for n in (0, 1, 2, 7)]
    (placed,) = with_folders(
        [table(image=["scan.png"] * 4, question=list("abcd"), case=cases, split=["train"] * 4)], PATHS, Wanted()
    )
    assert placed.columns["image"] == ["0/scan.png", "1/scan.png", "2/scan.png", "7/scan.png"]
    assert placed.how == "JSON list, the folder of 'image' by 'case'"


def test_what_no_column_tells_stays_as_it_is() -> None:
    rows = table(image=["scan.png", None, "scan.png"], split=["train", "train", "test"], note=["0", "x", "99"])
    assert with_folders([rows], PATHS, Wanted()) == (rows,)
    paths = table(image=["0/scan.png", "1/scan.png"], case=["0", "1"])
    assert with_folders([paths], PATHS, Wanted()) == (paths,)
    assert with_folders([rows], ["images/scan.png", "images/b.png"], Wanted()) == (rows,)
