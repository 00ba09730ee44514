"""A file of separated text comes in with every record's text; the same text, some records changed, goes out."""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kvqa_audit.artifacts.atomic_file import write_atomically
from kvqa_audit.errors import SourceError
from kvqa_audit.fixes.cell import Cell, Steps
from kvqa_audit.ingest.csv_records import CsvRecord, csv_records
from kvqa_audit.ingest.delimited import is_separated
from kvqa_audit.ingest.dialect import sniff_dialect
from kvqa_audit.ingest.read_bytes import read_table_bytes
from kvqa_audit.ingest.source_format import RawTable
from kvqa_audit.ingest.text_encoding import EncodedText

# What stands for a cell that a record does not have: no audit reads it so.
MISSING = "\x00"


@dataclass(frozen=True)
class WrittenText:
    """The records of the file that are rows, and what stands before and after them."""

    encoded: EncodedText
    before: str
    after: str
    records: tuple[CsvRecord, ...]
    header: tuple[str, ...]
    tables: tuple[RawTable, ...]

    def write(self, path: Path, changed: Mapping[Steps, str], gone: Collection[Steps], kept: Collection[Steps]) -> None:
        cells: dict[int | str, dict[str, str]] = defaultdict(dict)
        for (row, name), text in changed.items():
            cells[row][str(name)] = text
        dropped = {row for row, _ in gone} - {row for row, _ in kept}
        records = (
            self._with(record, cells[row]) if row in cells else record.text
            for row, record in enumerate(self.records)
            if row not in dropped
        )
        write_atomically(path, self.encoded.back("".join([self.before, *records, self.after]), path))

    def _with(self, record: CsvRecord, changed: Mapping[str, str]) -> str:
        cells = zip(self.header, record.cells, strict=True)
        return record.with_cells([changed.get(name, cell) for name, cell in cells]).text


def read_written_text(
    path: Path, place: str, known_in: Callable[[Sequence[str]], int], audited: RawTable
) -> WrittenText:
    """Reads a file as the audit does; a record with too few or too many cells has `MISSING` in place of all.

    Args:
        path: the file.
        place: its path below the dataset.
        known_in: counts the known names of a header.
        audited: the table that the audit read; what comes after its rows was swallowed by an open quote.

    Raises:
        SourceError: the file cannot be read.
    """
    encoded = EncodedText.of(read_table_bytes(path))
    lines = list(io.StringIO(encoded.text, newline=""))
    dialect = sniff_dialect(lines, known_in)
    if not is_separated(path, dialect):
        raise SourceError(f"{path}: has its cells on lines, which is not written back. Export it as CSV first.")
    before = "".join(lines[: dialect.skipped])
    records = list(csv_records("".join(lines[dialect.skipped :]), dialect.delimiter, quotes=dialect.quotes))
    names = dialect.header
    if names is None:
        header, *records = records or [CsvRecord((), "", 1)]
        names, before = header.cells, before + header.text
    unique = tuple(name if name not in names[:n] else f"{name} ({n + 1})" for n, name in enumerate(names))
    rows = records[: audited.rows] if audited.place == place else records
    columns = {name: [_cell(record, n, name, len(names), place, row) for row, record in enumerate(rows)]
               for n, name in enumerate(unique)}  # fmt: skip
    table = RawTable(place, audited.how, unique, columns, len(rows), is_text=True)
    after = "".join(record.text for record in records[len(rows) :])
    return WrittenText(encoded, before, after, tuple(rows), unique, (table,))


def _cell(record: CsvRecord, number: int, name: str, width: int, place: str, row: int) -> str:
    return Cell(record.cells[number], place, (row, name)) if len(record.cells) == width else MISSING
