"""A text file of separated cells comes in; its cells as they stand, with all that is wrong with the file, go out."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from kvqa_audit.errors import SourceError
from kvqa_audit.ingest.csv_rows import csv_rows
from kvqa_audit.ingest.dataset import TableFault
from kvqa_audit.ingest.dialect import Dialect, sniff_dialect
from kvqa_audit.ingest.lines_in_turn import questions_in_turn, seem_to_ask
from kvqa_audit.ingest.parallel_lines import cell_a_line
from kvqa_audit.ingest.read_bytes import read_table_bytes
from kvqa_audit.ingest.source_format import RawTable, Wanted
from kvqa_audit.ingest.swallowed_rows import LongRecord, swallowed_rows
from kvqa_audit.ingest.text_encoding import decoded

MAX_CELL_CHARACTERS = 100_000
# Any text may have this ending, so only what is surely a table is taken for one.
_ANY_TEXT = frozenset({".txt"})
_ENDINGS = frozenset({".csv", ".tsv", ".tab", ".psv", *_ANY_TEXT})
_FOR_PEOPLE = frozenset({"readme", "license", "licence", "notice", "changelog", "citation", "faq"})
_ROWS_PER_BATCH = 500
_END = "\x00end of the table\x00"


class DelimitedText:
    """CSV and its kin: commas, semicolons, tabs or pipes between cells, with or without a header; or cells on lines."""

    name = "text"

    def recognises(self, path: Path) -> bool:
        return path.suffix.lower() in _ENDINGS

    def read(self, path: Path, place: str, wanted: Wanted) -> tuple[RawTable, ...]:
        """Reads a file; no cell is turned into a null, a number or anything else.

        Cells above `MAX_CELL_CHARACTERS` keep their start only, rows with too few or too many cells are filled up or
        cut, and bytes that are no UTF-8 are taken as Windows-1252 or Latin-1. Each of these is a fault, with its line.

        Raises:
            SourceError: the file cannot be read, or is empty.
        """
        data = read_table_bytes(path)
        if not data:
            raise SourceError(f"{path}: is empty (0 bytes). Export the table again.")
        text, encoding, faults = decoded(data)
        lines = list(io.StringIO(text, newline=""))
        dialect = sniff_dialect(lines, wanted.known_in)
        if not is_separated(path, dialect):
            return _of_lines(lines, place, encoding, faults)
        header, cells, row_faults = _cells(lines, dialect)
        faults += row_faults
        columns: dict[str, Sequence[str]] = {}
        for name, column in zip(header, cells, strict=True):
            columns.setdefault(name, column)
        rows = len(cells[0]) if cells else 0
        return (RawTable(place, f"{encoding}, {dialect}", header, columns, rows, tuple(faults), is_text=True),)


def is_separated(path: Path, dialect: Dialect) -> bool:
    """Whether a file of this name, written so, is a table of separated cells."""
    return dialect.is_sure or path.suffix.lower() not in _ANY_TEXT


def _of_lines(lines: list[str], place: str, encoding: str, faults: list[TableFault]) -> tuple[RawTable, ...]:
    """What a text without separators holds; a table without columns where it seems to ask and is not understood."""
    found: RawTable | None
    if in_turn := questions_in_turn(lines):
        how = f"{encoding}, a question that names its image and an answer on lines in turn"
        found = RawTable(place, how, tuple(in_turn), in_turn, len(in_turn["answer"]), is_text=True)
    else:
        found = cell_a_line(place, encoding, lines)
    if found is not None:
        cut: list[TableFault] = []
        columns = {
            name: [_shortened([cell], row, None, cut)[0] for row, cell in enumerate(cells)]
            for name, cells in found.columns.items()
        }
        return (replace(found, columns=columns, faults=(*faults, *cut)),)
    is_for_people = PurePosixPath(place).stem.casefold() in _FOR_PEOPLE
    return (RawTable(place, encoding, (), {}, 0),) if seem_to_ask(lines) and not is_for_people else ()


def _cells(lines: list[str], dialect: Dialect) -> tuple[tuple[str, ...], list[list[str]], list[TableFault]]:
    """Header, columns, and the faults of the rows.

    A sentinel line after the last one tells whether a quote was left open: it ends up in the last record's last cell.
    """
    if lines and not lines[-1].endswith(("\n", "\r")):
        lines = [*lines[:-1], lines[-1] + "\n"]
    before, count = dialect.skipped, len(lines)
    records = csv_rows([*lines[before:], _END], dialect.delimiter, quotes=dialect.quotes)
    header, line = (dialect.header, before) if dialect.header else _header(records, before)
    width = len(header)
    columns: list[list[str]] = [[] for _ in header]
    faults: list[TableFault] = []
    long: list[LongRecord] = []
    batch: list[list[str]] = []
    row = -1
    for record, read in records:
        start, line = line, before + read
        if not record:
            continue
        if line > count:
            faults += [_open_quote(record[-1], count)] if record != [_END] else []
            break
        row += 1
        text = "".join(record)
        if line - start > 1:
            long.append(LongRecord(row, start, line, len(record), record[0]))
        elif len(record) != width:
            faults.append(_ragged(record, width, row, line))
        if len(record) != width:
            record = (record + [""] * width)[:width]
        if len(text) > MAX_CELL_CHARACTERS:
            record = _shortened(record, row, line, faults)
        batch.append(record)
        # In small batches, because one list for every row of the table would keep the garbage collector busy.
        if len(batch) == _ROWS_PER_BATCH:
            _append(columns, batch)
            batch = []
    _append(columns, batch)
    faults += swallowed_rows(long, lines, dialect.delimiter, width, columns[0] if columns else ())
    return header, columns, sorted(faults, key=lambda fault: fault.line or 0)


def _header(records: Iterator[tuple[list[str], int]], before: int) -> tuple[tuple[str, ...], int]:
    """The cells of the first record, and how many lines were read up to its end."""
    return next(((tuple(cells), before + read) for cells, read in records if cells and cells != [_END]), ((), before))


def _open_quote(cell: str, last_line: int) -> TableFault:
    swallowed = max(len(list(io.StringIO(cell.removesuffix(_END), newline=""))) - 1, 0)
    opened = last_line - swallowed
    return TableFault(
        "unclosed_quote",
        f'A quote (") opens in line {opened} and is never closed: this row and the {swallowed} lines after it '
        "were swallowed and are not in the table",
        line=opened,
        suggestion="Close the quote, or double it if it belongs to the text",
    )


def _append(columns: list[list[str]], rows: list[list[str]]) -> None:
    for column, cells in zip(columns, zip(*rows, strict=True), strict=bool(rows)):
        column.extend(cells)


def _ragged(record: list[str], width: int, row: int, line: int) -> TableFault:
    lost = (
        f"; dropped: {', '.join(repr(cell[:60]) for cell in record[width : width + 5])}" if len(record) > width else ""
    )
    return TableFault(
        "ragged_row",
        f"The row has {len(record)} cells where the header has {width}{lost}",
        row=row,
        line=line,
        suggestion="Quote cells that hold a comma" if lost else "Add the cells that are missing",
    )


def _shortened(record: list[str], row: int, line: int | None, faults: list[TableFault]) -> list[str]:
    for cell in record:
        if len(cell) > MAX_CELL_CHARACTERS:
            message = f"A cell has {len(cell):,} characters; only its first {MAX_CELL_CHARACTERS:,} were read"
            faults.append(TableFault("oversized_cell", message, row=row, line=line))
    return [cell[:MAX_CELL_CHARACTERS] for cell in record]
