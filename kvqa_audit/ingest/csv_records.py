"""The text of a table of separated cells comes in; its records, each with its exact text, go out; and back."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from kvqa_audit.ingest.csv_rows import LINE_ENDS, csv_rows


@dataclass(frozen=True, slots=True)
class CsvRecord:
    """One record: its cells, its text with the line end and any blank lines before it, and its first line, 1-based.

    `delimiter` and `quotes` say how the file separates its cells, as for `csv_rows`.
    """

    cells: tuple[str, ...]
    text: str
    line: int
    delimiter: str = ","
    quotes: bool = True

    def with_cells(self, cells: Sequence[str]) -> CsvRecord:
        """The record with other cells, quoted and ended as this one is."""
        body = self.text.rstrip(LINE_ENDS)
        end = self.text[len(body) :]
        if not self.quotes:
            return replace(self, cells=tuple(cells), text=self.delimiter.join(cells) + end)
        whole = csv_line(self.cells, quote_all=True, end="", delimiter=self.delimiter)
        is_quoted = whole == body.lstrip(LINE_ENDS)
        text = csv_line(cells, quote_all=is_quoted, end=end, delimiter=self.delimiter)
        return replace(self, cells=tuple(cells), text=text)


def csv_records(text: str, delimiter: str = ",", *, quotes: bool = True) -> Iterator[CsvRecord]:
    """Splits separated text into its records, as `csv.reader` reads them: together their texts are the whole file's.

    Blank lines are no records; they belong to the record after them, at the end of the file to the last one.
    """
    lines = list(io.StringIO(text, newline=""))
    pending: CsvRecord | None = None
    start = 0
    for cells, end in csv_rows(lines, delimiter, quotes=quotes):
        if cells:
            if pending is not None:
                yield pending
            pending = CsvRecord(tuple(cells), "".join(lines[start:end]), start + 1, delimiter, quotes)
            start = end
    if pending is not None:
        yield replace(pending, text=pending.text + "".join(lines[start:]))


def csv_line(cells: Sequence[str], *, quote_all: bool = False, end: str = "\n", delimiter: str = ",") -> str:
    """One line of separated cells; they are quoted where they need it, or all of them."""
    written = io.StringIO(newline="")
    # With this line end the writer quotes both of its characters; another one would leave a lone \r bare.
    quoting: Literal[0, 1] = csv.QUOTE_ALL if quote_all else csv.QUOTE_MINIMAL
    csv.writer(written, delimiter=delimiter, quoting=quoting, lineterminator=LINE_ENDS).writerow(cells)
    return written.getvalue().removesuffix(LINE_ENDS) + end
