"""Records that go over several lines come in; a fault for each that a stray quote made out of several rows goes out.

A quote too many opens a cell that goes on to the next quote, however many rows lie between. Three things tell such a
record from a cell of several lines: it has another number of cells; what closes the cell is no quote that a program
writes (RFC 4180: one before a separator or a line end); or its first line and another one are rows by themselves,
with as many separators as a row, the other one with a first cell such as rows have.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from kvqa_audit.ingest.dataset import TableFault

_DIGITS, _LETTERS = re.compile(r"[0-9]+"), re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class LongRecord:
    """A record of several lines: its row, the lines from the 0-based `start` up to `end`, how many cells, the first."""

    row: int
    start: int
    end: int
    cells: int
    first_cell: str


def swallowed_rows(
    records: Sequence[LongRecord], lines: Sequence[str], delimiter: str, width: int, first_cells: Collection[str]
) -> Iterator[TableFault]:
    """The faults of those records that hold other rows.

    Args:
        records: those of several lines.
        lines: of the whole file.
        delimiter: the character between cells.
        width: how many cells a row has.
        first_cells: what stands in the first column.
    """
    known = set(first_cells) - {""}
    for record in records:
        own = lines[record.start : record.end]
        is_odd = record.cells != width or not _is_quoted_well(own, delimiter)
        may_be_rows = own[1:] if own[0].count(delimiter) == width - 1 else []
        if is_odd or any(_is_a_row(line, record.first_cell, delimiter, width, known) for line in may_be_rows):
            yield _fault(record)


def _is_quoted_well(lines: Sequence[str], delimiter: str) -> bool:
    try:
        list(csv.reader(lines, delimiter=delimiter, strict=True))
    except csv.Error as error:
        return "expected after" not in str(error)  # a long cell is an error there, too
    return True


def _is_a_row(line: str, first_cell: str, delimiter: str, width: int, known: set[str]) -> bool:
    if width < 2 or line.count(delimiter) != width - 1 or len(_cells(line, delimiter)) != width:
        return False
    start = line.partition(delimiter)[0].strip('"')
    return start in known or (any(map(str.isdigit, start)) and _shape(start) == _shape(first_cell))


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter))
    except csv.Error:
        return []  # a cell of more than a hundred thousand characters


def _shape(text: str) -> str:
    """A text with all its numbers alike, and all its words."""
    return _LETTERS.sub("a", _DIGITS.sub("0", text))


def _fault(record: LongRecord) -> TableFault:
    return TableFault(
        "unclosed_quote",
        f'A quote (") that opens in line {record.start + 1} or soon after is not closed where it should be: the row '
        f"goes on to line {record.end}, and {record.end - record.start - 1} lines were swallowed into its cells",
        row=record.row,
        line=record.start + 1,
        suggestion="Close the quote, or double it if it belongs to the text",
    )
