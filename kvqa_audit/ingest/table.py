"""A CSV file comes in; its cells as text, exactly as they stand, go out, with all that is wrong with the file."""

from __future__ import annotations

import csv
import difflib
import io
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from kvqa_audit.errors import SourceError
from kvqa_audit.ingest.dataset import ROLES, Table, TableFault
from kvqa_audit.spec.dataset_spec import Columns

if TYPE_CHECKING:
    import pandas as pd

MAX_CELL_CHARACTERS = 100_000
_ROWS_PER_BATCH = 500
_BYTES_AS_LATIN_1 = {0xDC00 + byte: byte for byte in range(0x80, 0x100)}
_UNDECODED = re.compile("[\udc80-\udcff]")
_END = "\x00end of the table\x00"


def read_csv_table(path: Path | str, columns: Columns) -> Table:
    """Reads a CSV file; no cell is turned into a null, a number or anything else.

    Cells above `MAX_CELL_CHARACTERS` keep their start only, rows with too few or too many cells are filled up or
    cut, and bytes that are no UTF-8 are taken as Latin-1. Each of these is a fault, with its line.

    Args:
        path: the file.
        columns: what the columns are called.

    Raises:
        SourceError: the file cannot be opened, is empty, or its first line names no known column.
    """
    path = Path(path)
    text, faults = _decoded(path)
    lines = list(io.StringIO(text, newline=""))
    limit = csv.field_size_limit(max(len(text) + len(_END) + 1, 131_072))
    try:
        records = _Records(lines)
        header = next(iter(records), [])
        layout = column_layout(header, columns, str(path))
        faults += layout.faults
        cells, row_faults = _cells(records, len(header))
    finally:
        csv.field_size_limit(limit)
    faults += row_faults
    if records.unclosed is not None:
        faults.append(records.unclosed)
    splits = () if layout.split is None else cells[layout.split]
    return finished_table({role: cells[position] for role, position in layout.positions.items()}, faults, splits)


def finished_table(cells: dict[str, Sequence[str]], faults: list[TableFault], splits: Sequence[str] = ()) -> Table:
    """Builds the table from role → cells, fills the roles that are missing, and notes a table without rows."""
    rows = len(next(iter(cells.values()), ()))
    if rows == 0:
        faults = [*faults, TableFault("no_rows", "The table has no rows", suggestion="Export the table again")]
    missing = tuple(role for role in ROLES if role not in cells)
    frame = _frame({role: cells.get(role, [""] * rows) for role in ROLES})
    return Table(frame, tuple(faults), missing, tuple(splits) if any(splits) else ())


def empty_table() -> Table:
    """A table without rows, for images that have no table beside them."""
    return Table(_frame({role: [] for role in ROLES}), (), ROLES)


def _frame(cells: dict[str, Sequence[str]]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(cells, columns=list(ROLES), dtype=object)


@dataclass(frozen=True, slots=True)
class ColumnLayout:
    """Where each role's column stands, what is wrong with the header, and where the column of splits is, if any."""

    positions: dict[str, int]
    faults: list[TableFault]
    split: int | None = None


def column_layout(header: Sequence[str], columns: Columns, where: str) -> ColumnLayout:
    """Finds the roles among the names of a header.

    Raises:
        SourceError: none of the known columns is there.
    """
    known = columns.text_columns
    faults: list[TableFault] = []
    positions: dict[str, int] = {}
    for name in dict.fromkeys(header):
        if header.count(name) > 1:
            faults.append(
                TableFault(
                    "repeated_column",
                    f"The column {name!r} stands {header.count(name)} times in the header; the first one was read",
                    column=name,
                    suggestion=f"Keep one column {name!r}",
                )
            )
        if name not in known and name not in (columns.image, columns.split, *columns.other):
            faults.append(TableFault("extra_column", f"The column {name!r} is not expected", column=name))
    for name, role in known.items():
        if name in header:
            positions[role] = header.index(name)
        else:
            faults.append(_missing(name, header))
    if not positions:
        found = ", ".join(repr(name[:60]) for name in header[:12]) or "nothing"
        raise SourceError(
            f"{where}: the first line names none of the columns {', '.join(known)}; found: {found}. "
            "Add a header line, or name the columns in the dataset description (columns: …)."
        )
    split = header.index(columns.split) if columns.split in header and columns.split not in known else None
    return ColumnLayout(positions, faults, split)


def _missing(name: str, header: Sequence[str]) -> TableFault:
    folded = {other.strip().casefold(): other for other in header}
    close = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=0.75)
    hint = f"Rename the column {folded[close[0]]!r} to {name!r}" if close else f"Add the column {name!r}"
    return TableFault("missing_column", f"The column {name!r} is missing", column=name, suggestion=hint)


def _decoded(path: Path) -> tuple[str, list[TableFault]]:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise SourceError(f"{path}: cannot be read ({error.strerror or error}). Name a readable CSV file.") from error
    if not data:
        raise SourceError(f"{path}: is empty (0 bytes). Export the table again.")
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        text = data.decode("utf-16", "replace")
        return text, [TableFault("not_utf8", "The file is UTF-16, not UTF-8", suggestion="Save the file as UTF-8")]
    data = data.removeprefix(b"\xef\xbb\xbf")
    faults: list[TableFault] = []
    if b"\x00" in data:
        faults += _per_line(data.decode("utf-8", "replace"), "nul_byte", re.compile("\x00"), _nul_message)
    try:
        return data.decode("utf-8"), faults
    except UnicodeDecodeError:
        text = data.decode("utf-8", "surrogateescape")
        faults += _per_line(text, "not_utf8", _UNDECODED, _latin_1_message)
        return text.translate(_BYTES_AS_LATIN_1), faults


def _per_line(text: str, kind: str, pattern: re.Pattern[str], message: Callable[[int], str]) -> list[TableFault]:
    return [
        TableFault(kind, message(len(found)), line=number, suggestion="Save the file as clean UTF-8")
        for number, line in enumerate(text.split("\n"), 1)
        if (found := pattern.findall(line))
    ]


def _nul_message(count: int) -> str:
    return f"The line holds {count} NUL byte(s)"


def _latin_1_message(count: int) -> str:
    return f"The line holds {count} byte(s) that are not UTF-8; they were taken as Latin-1"


class _Records:
    """Iterates over the records of CSV lines; afterwards `unclosed` says whether a quote was left open.

    A sentinel line after the last one tells: if a quote is open it ends up inside the last record's last cell.
    """

    def __init__(self, lines: list[str]) -> None:
        if lines and not lines[-1].endswith(("\n", "\r")):
            lines = [*lines[:-1], lines[-1] + "\n"]
        self._line_count = len(lines)
        self._reader = csv.reader(chain(lines, [_END]))
        self.unclosed: TableFault | None = None

    @property
    def line(self) -> int:
        """The 1-based last line of the record just given."""
        return self._reader.line_num

    def __iter__(self) -> Iterator[list[str]]:
        for record in self._reader:
            if self._reader.line_num > self._line_count:
                if record != [_END]:
                    self._note_open_quote(record)
                return
            if record:
                yield record

    def _note_open_quote(self, record: list[str]) -> None:
        cell = record[-1].removesuffix(_END)
        swallowed = max(len(list(io.StringIO(cell, newline=""))) - 1, 0)
        opened = self._line_count - swallowed
        self.unclosed = TableFault(
            "unclosed_quote",
            f'A quote (") opens in line {opened} and is never closed: this row and the {swallowed} lines after it '
            "were swallowed and are not in the table",
            line=opened,
            suggestion="Close the quote, or double it if it belongs to the text",
        )


def _cells(records: _Records, width: int) -> tuple[list[list[str]], list[TableFault]]:
    columns: list[list[str]] = [[] for _ in range(width)]
    faults: list[TableFault] = []
    batch: list[list[str]] = []
    for row, record in enumerate(records):
        text = "".join(record)
        if "\n" in text and (fault := _swallowed(record, width, row, records.line)):
            faults.append(fault)
        elif len(record) != width:
            faults.append(_ragged(record, width, row, records.line))
        if len(record) != width:
            record = (record + [""] * width)[:width]
        if len(text) > MAX_CELL_CHARACTERS:
            record = _shortened(record, row, records.line, faults)
        batch.append(record)
        # In small batches, because one list for every row of the table would keep the garbage collector busy.
        if len(batch) == _ROWS_PER_BATCH:
            _append(columns, batch)
            batch = []
    _append(columns, batch)
    return columns, faults


def _append(columns: list[list[str]], rows: list[list[str]]) -> None:
    for column, cells in zip(columns, zip(*rows, strict=True), strict=bool(rows)):
        column.extend(cells)


def _swallowed(record: list[str], width: int, row: int, line: int) -> TableFault | None:
    """A fault if a cell of several lines holds what looks like other rows, so that a quote was closed too late.

    A line looks like a row if it has as many commas as one and starts as this row does; a row with the wrong number
    of cells needs no such line.
    """
    inner = [one for cell in record for one in cell.split("\n")[1:]]
    alike = sum(one.count(",") == width - 1 and one.split(",")[0] == record[0] for one in inner)
    if not alike and len(record) == width:
        return None
    opened = line - len(inner)
    return TableFault(
        "unclosed_quote",
        f'A quote (") that opens in line {opened} or soon after is not closed where it should be: the row goes on to '
        f"line {line}, and {len(inner)} lines were swallowed into its cells",
        row=row,
        line=opened,
        suggestion="Close the quote, or double it if it belongs to the text",
    )


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


def _shortened(record: list[str], row: int, line: int, faults: list[TableFault]) -> list[str]:
    for cell in record:
        if len(cell) > MAX_CELL_CHARACTERS:
            message = f"A cell has {len(cell):,} characters; only its first {MAX_CELL_CHARACTERS:,} were read"
            faults.append(TableFault("oversized_cell", message, row=row, line=line))
    return [cell[:MAX_CELL_CHARACTERS] for cell in record]
