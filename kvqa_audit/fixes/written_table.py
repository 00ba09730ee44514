"""A text table comes in with every record's text; the same text, some records changed or left out, goes out."""

from __future__ import annotations

import io
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from kvqa_audit.errors import SourceError
from kvqa_audit.ingest.csv_records import CsvRecord, csv_records
from kvqa_audit.ingest.dataset import ROLES
from kvqa_audit.ingest.dialect import sniff_dialect
from kvqa_audit.ingest.read_bytes import read_table_bytes
from kvqa_audit.ingest.source_format import Wanted
from kvqa_audit.model import AnswerRows
from kvqa_audit.spec.dataset_spec import Columns


@dataclass(frozen=True)
class WrittenTable:
    """The records of an audited table, row by row, as they were written.

    `positions` maps the roles that have a column to its place. `locked` holds the rows that an audit reads otherwise
    than they are written (too few cells, bytes that are no UTF-8): nobody but a person should touch them.
    """

    before: str
    records: tuple[CsvRecord, ...]
    after: str
    positions: Mapping[str, int]
    locked: frozenset[int]

    def cell(self, row: int, role: str) -> str:
        """A cell as it is written; "" where the row or the table has none."""
        cells, place = self.records[row].cells, self.positions.get(role)
        return "" if place is None or place >= len(cells) else cells[place]

    def text_with(self, changed: Mapping[int, tuple[str, ...]], dropped: Collection[int]) -> str:
        """The whole file with these rows' cells changed and those rows left out; all else stays byte for byte."""
        kept = (
            (record.with_cells(changed[row]) if row in changed else record).text
            for row, record in enumerate(self.records)
            if row not in dropped
        )
        return "".join([self.before, *kept, self.after])


def read_written_table(path: Path, columns: Columns, audited: AnswerRows) -> WrittenTable:
    """Reads the table that was audited.

    Raises:
        SourceError: the file cannot be read, is no UTF-8 file at all, or is not the one that was audited.
    """
    data = read_table_bytes(path)
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise SourceError(f"{path}: is UTF-16, and only UTF-8 is corrected. Save the file as UTF-8 first.")
    text = data.decode("utf-8", "surrogateescape")
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    lines = list(io.StringIO(text[len(mark) :], newline=""))
    dialect = sniff_dialect(lines, Wanted(columns).known_in)
    before = mark + "".join(lines[: dialect.skipped])
    records = list(csv_records("".join(lines[dialect.skipped :]), dialect.delimiter, quotes=dialect.quotes))
    names = dialect.header
    if names is None:
        header, *records = records or [CsvRecord((), "", 1)]
        names, before = header.cells, before + header.text
    positions = {role: names.index(name) for name, role in columns.text_columns.items() if name in names}
    number = len(audited)
    if len(records) < number:
        raise SourceError(f"{path}: has {len(records):,} rows, and {number:,} were audited. Leave it alone meanwhile.")
    table = WrittenTable(
        before,
        tuple(records[:number]),
        "".join(record.text for record in records[number:]),
        positions,
        frozenset(),
    )
    locked = (row for row in range(number) if _reads_otherwise(table, row, len(names), audited))
    return WrittenTable(table.before, table.records, table.after, positions, frozenset(locked))


def encoded(text: str) -> bytes:
    """The bytes of a text of `WrittenTable`, those that were no UTF-8 included."""
    return text.encode("utf-8", "surrogateescape")


def _reads_otherwise(table: WrittenTable, row: int, width: int, audited: AnswerRows) -> bool:
    if len(table.records[row].cells) != width:
        return True
    return any(table.cell(row, role) != getattr(audited, role)[row] for role in ROLES)
