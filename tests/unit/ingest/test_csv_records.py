"""Records keep the exact text they were written as, and a changed record is written the way it was."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvqa_audit.ingest.csv_records import csv_line, csv_records

cells = st.lists(st.text(st.sampled_from('ab ",;\r\n\x00\u2028é'), max_size=6), min_size=1, max_size=4)


@given(st.text(st.sampled_from('ab,"\r\n\x00é '), max_size=80))
def test_texts_of_all_records_are_the_file_and_cells_are_the_readers(text: str) -> None:
    records = list(csv_records(text))
    if records:
        assert "".join(record.text for record in records) == text
    assert [list(record.cells) for record in records] == [r for r in csv.reader(io.StringIO(text, newline="")) if r]


@given(st.lists(cells, max_size=5), st.booleans())
def test_what_is_written_is_read_back(rows: list[list[str]], quote_all: bool) -> None:
    text = "".join(csv_line(row, quote_all=quote_all) for row in rows)
    assert [list(record.cells) for record in csv_records(text)] == rows


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ("a,b\n", "a,c\n"),
        ('"a","b"\r\n', '"a","c"\r\n'),
        ('a,"b"', "a,c"),
        ("\n\na,b\n", "a,c\n"),
        ("a,b\n\n", "a,c\n\n"),
    ],
)
def test_changed_record_keeps_quoting_and_line_end(text: str, changed: str) -> None:
    (record,) = csv_records(text)
    assert record.with_cells(["a", "c"]).text == changed


def test_lines_are_counted_from_one() -> None:
    assert [record.line for record in csv_records('a,b\n"x\ny",1\nz,2\n')] == [1, 2, 4]
