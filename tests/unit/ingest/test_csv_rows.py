"""Records of any length, read as the standard library reads short ones, and without its limit for the whole process."""

from __future__ import annotations

import csv
import io
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvqa_audit.ingest.csv_rows import _long_record, csv_rows
from kvqa_audit.ingest.table import read_csv_table
from kvqa_audit.spec.dataset_spec import Columns

TEXT = st.text(st.sampled_from('ab,;"\r\n\t'), max_size=40)


@given(text=TEXT, delimiter=st.sampled_from(",;\t"), quotes=st.booleans())
def test_a_long_record_is_read_as_a_short_one(text: str, delimiter: str, quotes: bool) -> None:
    lines = list(io.StringIO(text, newline=""))
    expected = list(csv_rows(lines, delimiter, quotes=quotes))
    found, done = [], 0
    while done < len(lines):
        cells, done = _long_record(lines, done, delimiter, quotes)
        found.append((cells, done))
    # A blank line is a record without cells for the one, with a blank cell for the other.
    assert [(cells or [""], end) for cells, end in expected] == found


@pytest.mark.parametrize("cell", ["x" * 200_000, "one, two. " * 20_000, "line\n" * 40_000, 'a "word", ' * 20_000])
def test_cells_above_the_limit_of_the_process_are_read(cell: str) -> None:
    limit = csv.field_size_limit()
    rows = [["a", "b"], ["1", cell], ["2", "short"], [cell, cell], ["3", ""]]
    written = io.StringIO(newline="")
    csv.writer(written).writerows(rows)
    lines = list(io.StringIO(written.getvalue(), newline=""))
    assert [cells for cells, _ in csv_rows(lines)] == rows
    assert csv.field_size_limit() == limit


def test_two_tables_with_large_cells_are_read_in_two_threads_at_once(tmp_path: Path) -> None:
    header = "source,question,answer,img_id\n"
    failures: list[BaseException] = []
    for name in "ab":
        lines = [f"s,q,{name * (150_000 if n % 50 == 0 else 3)},i{n}\n" for n in range(500)]
        (tmp_path / f"{name}.csv").write_text(header + "".join(lines))

    def read(name: str) -> None:
        try:
            for _ in range(4):
                assert len(read_csv_table(tmp_path / f"{name}.csv", Columns()).frame) == 500
        except BaseException as error:  # noqa: BLE001 - it is told below, in the thread that can
            failures.append(error)

    threads = [threading.Thread(target=read, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
