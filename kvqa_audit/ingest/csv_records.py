"""The text of a CSV file comes in; its records, each with the exact text it was written as, go out; and back."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

LINE_ENDS = "\r\n"


@dataclass(frozen=True, slots=True)
class CsvRecord:
    """One record: its cells, its text with the line end and any blank lines before it, and its first line, 1-based."""

    cells: tuple[str, ...]
    text: str
    line: int

    def with_cells(self, cells: Sequence[str]) -> CsvRecord:
        """The record with other cells, quoted and ended as this one is."""
        body = self.text.rstrip(LINE_ENDS)
        end = self.text[len(body) :]
        is_quoted = csv_line(self.cells, quote_all=True, end="") == body.lstrip(LINE_ENDS)
        return replace(self, cells=tuple(cells), text=csv_line(cells, quote_all=is_quoted, end=end))


def csv_records(text: str) -> Iterator[CsvRecord]:
    """Splits a CSV file into its records, as `csv.reader` reads them: together their texts are the whole file's.

    Blank lines are no records; they belong to the record after them, at the end of the file to the last one.
    """
    lines = list(io.StringIO(text, newline=""))
    limit = csv.field_size_limit(max(len(text) + 1, 131_072))
    try:
        reader = csv.reader(lines)
        pending: CsvRecord | None = None
        start = 0
        for cells in reader:
            if cells:
                if pending is not None:
                    yield pending
                pending = CsvRecord(tuple(cells), "".join(lines[start : reader.line_num]), start + 1)
                start = reader.line_num
        if pending is not None:
            yield replace(pending, text=pending.text + "".join(lines[start:]))
    finally:
        csv.field_size_limit(limit)


def csv_line(cells: Sequence[str], *, quote_all: bool = False, end: str = "\n") -> str:
    """One line of CSV; cells are quoted where they need it, or all of them."""
    written = io.StringIO(newline="")
    # With this line end the writer quotes both of its characters; another one would leave a lone \r bare.
    csv.writer(written, quoting=csv.QUOTE_ALL if quote_all else csv.QUOTE_MINIMAL, lineterminator=LINE_ENDS).writerow(
        cells
    )
    return written.getvalue().removesuffix(LINE_ENDS) + end
