"""CSV files as people have them: what is read, and which faults are named."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kvqa_audit.errors import SourceError
from kvqa_audit.ingest.dataset import Table
from kvqa_audit.ingest.delimited import _END, MAX_CELL_CHARACTERS
from kvqa_audit.ingest.table import read_csv_table
from kvqa_audit.spec.dataset_spec import Columns

HEADER = "source,question,answer,img_id\n"


def read(folder: Path, content: str | bytes, columns: Columns | None = None) -> Table:
    path = folder / "metadata.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_csv_table(path, columns or Columns())


def kinds(table: Table) -> list[str]:
    return [fault.kind for fault in table.faults]


def rows(table: Table) -> list[list[str]]:
    return [list(row) for row in table.frame.itertuples(index=False)]


def test_cells_that_other_readers_turn_into_nulls_stay_text(tmp_path: Path) -> None:
    table = read(tmp_path, HEADER + "NA,None,null,007\n,nan,  ,1e5\n")
    assert rows(table) == [["NA", "None", "null", "007"], ["", "nan", "  ", "1e5"]]
    assert table.faults == ()


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_line_ends_and_byte_order_marks_leave_no_trace(tmp_path: Path, end: str, mark: bytes) -> None:
    text = (HEADER + 'Normal,q,"a\u2028b\x0bc",i1\nPolyps,q,b,i2').replace("\n", end)
    table = read(tmp_path, mark + text.encode())
    assert rows(table) == [["Normal", "q", "a\u2028b\x0bc", "i1"], ["Polyps", "q", "b", "i2"]]
    assert table.faults == ()


def test_columns_in_another_order_missing_unknown_and_repeated(tmp_path: Path) -> None:
    table = read(tmp_path, "img_id,answer,Question,answer,notes\ni1,first,q,second,n\n")
    assert rows(table) == [["", "", "first", "i1"]]
    assert table.missing == ("source", "question")
    assert sorted(kinds(table)) == [
        "extra_column",
        "extra_column",
        "missing_column",
        "missing_column",
        "repeated_column",
    ]
    missing = {fault.column: fault.suggestion for fault in table.faults if fault.kind == "missing_column"}
    assert missing == {"source": "Add the column 'source'", "question": "Rename the column 'Question' to 'question'"}


def test_columns_go_by_the_names_the_description_gives(tmp_path: Path) -> None:
    columns = Columns(source="category", question="q", answer="a", img_id="file")
    table = read(tmp_path, "file,a,q,category\ni1,yes,why?,Normal\n", columns)
    assert rows(table) == [["Normal", "why?", "yes", "i1"]]
    assert table.faults == ()


def test_latin_1_bytes_are_kept_and_their_line_is_named(tmp_path: Path) -> None:
    table = read(tmp_path, HEADER.encode() + "Normal,q,süß,i1\n".encode() + "Normal,q,gr\xfcn,i2\n".encode("latin-1"))
    assert list(table.frame["answer"]) == ["süß", "grün"]
    assert [(fault.kind, fault.line) for fault in table.faults] == [("not_utf8", 3)]


def test_nul_bytes_are_kept_and_their_line_is_named(tmp_path: Path) -> None:
    table = read(tmp_path, HEADER + "Normal,q,a,i1\nNormal,q,b\x00b,i2\n")
    assert list(table.frame["answer"]) == ["a", "b\x00b"]
    assert [(fault.kind, fault.line) for fault in table.faults] == [("nul_byte", 3)]


def test_a_huge_cell_is_cut_and_said_to_be(tmp_path: Path) -> None:
    limit = csv.field_size_limit()
    table = read(tmp_path, HEADER + f"Normal,q,{'x' * 10_000_000},i1\nNormal,q,b,i2\n")
    assert [len(answer) for answer in table.frame["answer"]] == [MAX_CELL_CHARACTERS, 1]
    assert [(fault.kind, fault.row, fault.line) for fault in table.faults] == [("oversized_cell", 0, 2)]
    assert "10,000,000" in table.faults[0].message
    assert csv.field_size_limit() == limit


def test_ragged_rows_are_filled_or_cut_and_named(tmp_path: Path) -> None:
    table = read(tmp_path, HEADER + "Normal,q,a,i1\nNormal,q\n\nNormal,q,a,b,i3\n")
    assert rows(table)[1:] == [["Normal", "q", "", ""], ["Normal", "q", "a", "b"]]
    assert [(fault.kind, fault.row, fault.line) for fault in table.faults] == [
        ("ragged_row", 1, 3),
        ("ragged_row", 2, 5),
    ]
    assert "'i3'" in table.faults[1].message


@pytest.mark.parametrize("last_line_end", ["", "\n"])
def test_an_open_quote_keeps_the_rows_before_it(tmp_path: Path, last_line_end: str) -> None:
    lines = ['Normal,"two\nlines",a,i1', 'Normal,q,"open,i2', "Normal,q,b,i3", "Normal,q,c,i4"]
    table = read(tmp_path, HEADER + "\n".join(lines) + last_line_end)
    assert rows(table) == [["Normal", "two\nlines", "a", "i1"]]
    (fault,) = table.faults
    assert (fault.kind, fault.line) == ("unclosed_quote", 4)
    assert "2 lines" in fault.message


def test_a_quote_closed_by_a_later_one_names_the_lines_it_swallowed(tmp_path: Path) -> None:
    lines = ["Normal,q,a,i1", 'Normal,q,"open,i2', "Normal,q,b,i3", 'Normal,q,"c",i4', "Normal,q,d,i5"]
    table = read(tmp_path, HEADER + "\n".join(lines))
    assert list(table.frame["img_id"]) == ["i1", "i4", "i5"]
    (fault,) = [fault for fault in table.faults if fault.kind == "unclosed_quote"]
    assert (fault.row, fault.line) == (1, 3)
    assert "line 5, and 2 lines were" in fault.message


def test_a_row_of_several_lines_with_too_few_cells_has_a_quote_closed_too_late(tmp_path: Path) -> None:
    table = read(tmp_path, HEADER + 'Normal,"open,a,i1\nPolyps,q",i2\nNormal,q,b,i3\n')
    assert [(fault.kind, fault.row, fault.line) for fault in table.faults] == [("unclosed_quote", 0, 2)]
    assert list(table.frame["answer"])[1:] == ["b"]


SWALLOWED = {
    "closed before a letter": 'Normal,"open,a,i1\nPolyps,"q",a,i2\n',
    "closed before a letter, after more rows": 'Normal,"open,a,i1\nPolyps,q,a,i2\nNormal,q,a,i3\nPolyps,"q",a,i4\n',
    "closed by the next quoted cell": 'Normal,q,"open,i1\nPolyps,q,"yes",i2\n',
    "closed by a quote too many in the same column": 'Normal,"open,a,i1\nPolyps,q",a,i2\nPolyps,q,a,i3\n',
    "in the first column": '"Normal,q,a,i1\nPolyps",q,a,i2\nPolyps,q,a,i3\n',
    "in the last column": 'Normal,q,a,"i1\nPolyps,q,a,i2"\nPolyps,q,a,i3\n',
    "of a source of its own": 'Normal,"open,a,i1\nPolyps,q,a,i2\nPolyps,q",a,i3\nPolyps,q,a,i4\n',
    "lines that end in CR alone": 'Normal,"open,a,i1\rPolyps,"q",a,i2\r',
    "beside a cell of two lines": 'Normal,"open,a,i1\nPolyps,"two\nlines",a,i2\nNormal,q,a,i3\n',
}


@pytest.mark.parametrize("what", SWALLOWED)
@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_no_row_is_swallowed_without_a_fault(tmp_path: Path, what: str, mark: str) -> None:
    text = (HEADER + SWALLOWED[what]).replace(",", mark)
    table = read(tmp_path, text.replace("\n", "\r") if "CR" in what else text)
    assert [fault.line for fault in table.faults if fault.kind == "unclosed_quote"] == [2]


def test_a_swallowed_row_is_told_by_its_id_where_each_row_has_its_own(tmp_path: Path) -> None:
    columns = Columns(source=None, img_id="id", question="q", answer="a")
    (tmp_path / "t.csv").write_text('id,q,a\nimg_01,"open,a\nimg_02,q",a\nimg_03,"two\nlines",b\n')
    table = read_csv_table(tmp_path / "t.csv", columns)
    assert [(fault.kind, fault.line) for fault in table.faults] == [("unclosed_quote", 2)]


CELLS_OF_LINES = (
    "a note, with, three, commas", "Normal", "Normal, as before", "red\nblue, green, white, black", 'say ""yes""',
    "1, 2\n3, 4", "\n\n", "a\r\nb, c, d", 'a ""quoted, b""\n""c"", d, e',
)  # fmt: skip


@pytest.mark.parametrize("lines", CELLS_OF_LINES)
@pytest.mark.parametrize("column", range(4))
def test_a_cell_of_several_lines_is_no_fault_in_any_column(tmp_path: Path, lines: str, column: int) -> None:
    cells = ["Normal", "q", "a", "i1"]
    cells[column] = f'"one\n{lines}"'
    table = read(tmp_path, HEADER + ",".join(cells) + "\nNormal,q,b,i2\nPolyps,q,b,i3\n")
    assert table.faults == ()


@pytest.mark.parametrize("lines", ["a note, with, three, commas", "Normal", "Normal, as before"])
def test_lines_in_a_cell_that_are_no_rows_are_no_fault(tmp_path: Path, lines: str) -> None:
    table = read(tmp_path, HEADER + f'Normal,q,"yes\n{lines}",i1\nNormal,q,b,i2\n')
    assert rows(table) == [["Normal", "q", f"yes\n{lines}", "i1"], ["Normal", "q", "b", "i2"]]
    assert table.faults == ()


def test_the_mark_of_the_end_is_no_end_inside_the_table(tmp_path: Path) -> None:
    table = read(tmp_path, HEADER + f"Normal,q,a,{_END}\n{_END}\nNormal,q,b,i2\n")
    assert list(table.frame["answer"]) == ["a", "", "b"]


def test_a_header_alone_is_a_table_without_rows(tmp_path: Path) -> None:
    table = read(tmp_path, HEADER)
    assert len(table.frame) == 0
    assert kinds(table) == ["no_rows"]


@pytest.mark.parametrize("content", ["", "\n\n", "a,b\n1,2\n", "Normal,q,a,i1\n"])
def test_no_table_at_all_is_an_error_that_says_what_is_expected(tmp_path: Path, content: str) -> None:
    with pytest.raises(SourceError, match=r"metadata\.csv.*(empty|source, question, answer, img_id)"):
        read(tmp_path, content)


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be read"):
        read_csv_table(tmp_path / "none.csv", Columns())


CELL = st.text(st.characters(codec="utf-8"), max_size=12) | st.sampled_from(
    ['"', '""', "\r", "\n", "a\r\nb", ",", "\ufeff"]
)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    cells=st.lists(st.tuples(CELL, CELL, CELL, CELL), max_size=6),
    # With "\n" as its line end the writer leaves a lone "\r" bare, which no reader can tell from a line end.
    style=st.sampled_from([("\r\n", csv.QUOTE_MINIMAL), ("\r\n", csv.QUOTE_ALL), ("\n", csv.QUOTE_ALL)]),
)
def test_whatever_the_csv_module_writes_is_read_back(
    tmp_path: Path, cells: list[tuple[str, str, str, str]], style: tuple[str, Literal[0, 1]]
) -> None:
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator=style[0], quoting=style[1])
    writer.writerow(["source", "question", "answer", "img_id"])
    writer.writerows(cells)
    table = read(tmp_path, file.getvalue())
    assert rows(table) == [list(row) for row in cells]
    if not any(
        cell.count(",") > 2 and ("\n" in cell or "\r" in cell) for row in cells for cell in row
    ):  # that looks like rows
        assert set(kinds(table)) <= {"no_rows", "nul_byte"}
    assert ("nul_byte" in kinds(table)) == any("\x00" in cell for row in cells for cell in row)


def test_a_column_of_splits_is_kept_beside_the_roles(tmp_path: Path) -> None:
    table = read(tmp_path, "source,split,question,answer,img_id\nPolyps,train,q,a,i\nPolyps,,q,a,j\n")
    assert (table.splits, table.faults, kinds(table)) == (("train", ""), (), [])
    assert rows(table)[0] == ["Polyps", "q", "a", "i"]
    assert read(tmp_path, HEADER + "Polyps,q,a,i\n").splits == ()
    assert read(tmp_path, "source,split,question,answer,img_id\nPolyps,,q,a,i\n").splits == ()


def test_the_column_of_splits_can_have_another_name(tmp_path: Path) -> None:
    table = read(tmp_path, "part,source,question,answer,img_id,split\ntest,Polyps,q,a,i,x\n", Columns(split="part"))
    assert (table.splits, kinds(table)) == (("test",), ["extra_column"])
