"""A file of separated text comes in with every record's text; the same text, some records changed, goes out."""

from __future__ import annotations

import io
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kvqa_audit.artifacts.atomic_file import write_atomically
from kvqa_audit.ingest.csv_records import CsvRecord, csv_records
from kvqa_audit.ingest.dialect import sniff_dialect
from kvqa_audit.ingest.read_bytes import read_table_bytes
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
    rows: tuple[tuple[str, ...], ...]

    def write(self, path: Path, changed: Mapping[int, Mapping[int, str]], dropped: Collection[int]) -> None:
        kept = (
            self._with(record, changed[row]) if row in changed else record.text
            for row, record in enumerate(self.records)
            if row not in dropped
        )
        write_atomically(path, self.encoded.back("".join([self.before, *kept, self.after]), path))

    def _with(self, record: CsvRecord, changed: Mapping[int, str]) -> str:
        return record.with_cells([changed.get(place, cell) for place, cell in enumerate(record.cells)]).text


def read_written_text(path: Path, known_in: Callable[[Sequence[str]], int], number: int) -> WrittenText:
    """Reads a file as the audit does; a record with too few or too many cells has `MISSING` in place of all.

    Args:
        path: the file.
        known_in: counts the known names of a header.
        number: how many rows the audit read; what comes after them was swallowed by an open quote.

    Raises:
        SourceError: the file cannot be read.
    """
    encoded = EncodedText.of(read_table_bytes(path))
    lines = list(io.StringIO(encoded.text, newline=""))
    dialect = sniff_dialect(lines, known_in)
    before = "".join(lines[: dialect.skipped])
    records = list(csv_records("".join(lines[dialect.skipped :]), dialect.delimiter, quotes=dialect.quotes))
    names = dialect.header
    if names is None:
        header, *records = records or [CsvRecord((), "", 1)]
        names, before = header.cells, before + header.text
    unique = tuple(name if name not in names[:place] else f"{name} ({place + 1})" for place, name in enumerate(names))
    shifted = (MISSING,) * len(names)
    rows = tuple(record.cells if len(record.cells) == len(names) else shifted for record in records[:number])
    after = "".join(record.text for record in records[number:])
    return WrittenText(encoded, before, after, tuple(records[:number]), unique, rows)
