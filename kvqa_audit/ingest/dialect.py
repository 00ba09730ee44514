"""The lines of a text file come in; how its cells are separated, and whether its first line is a header, go out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice

from kvqa_audit.ingest.csv_rows import LINE_ENDS, csv_rows
from kvqa_audit.ingest.usual_names import asks

DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "pipes"}
_SAMPLE_LINES = 200
# Tables of these separators are often written without any quoting.
_OFTEN_UNQUOTED = "\t|"
_SEPARATOR_LINE = re.compile(r"sep=(.)\r?\n?", re.IGNORECASE)
_MIN_ASKING = 0.8


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a text table is written.

    `header` is None where the first record is one, and names the columns where the file does not. `skipped` lines
    before it are no part of the table. `is_sure` says that known names or questions were found where they should be.
    """

    delimiter: str
    quotes: bool = True
    header: tuple[str, ...] | None = None
    skipped: int = 0
    is_sure: bool = True

    def __str__(self) -> str:
        between = DELIMITERS.get(self.delimiter, repr(self.delimiter))
        return f"{between} between cells" + (", without a header" if self.header is not None else "")


def sniff_dialect(lines: Sequence[str], known_in: Callable[[Sequence[str]], int]) -> Dialect:
    """Finds the separator whose header has the most known names, or else that which cuts all lines alike.

    Args:
        lines: of the whole file, with their ends.
        known_in: counts the known names of a header.
    """
    named = _SEPARATOR_LINE.fullmatch(lines[0]) if lines else None
    skipped = 1 if named else 0
    sample = lines[skipped : skipped + _SAMPLE_LINES]
    delimiter = named[1] if named else max(DELIMITERS, key=lambda mark: _fitness(sample, mark, known_in))
    quotes = delimiter not in _OFTEN_UNQUOTED or not _quotes_are_text(lines[skipped:], delimiter)
    records = _records(sample, delimiter, quotes=quotes)
    if records and known_in(records[0]):
        return Dialect(delimiter, quotes, None, skipped)
    header = _implied_header(records)
    return Dialect(delimiter, quotes, header, skipped, is_sure=header is not None)


def _fitness(sample: Sequence[str], delimiter: str, known_in: Callable[[Sequence[str]], int]) -> tuple[int, float, int]:
    """Known names in the header, the share of records as wide as most, and their width."""
    records = _records(sample, delimiter)
    if not records:
        return 0, 0.0, 0
    width, count = Counter(map(len, records)).most_common(1)[0]
    return known_in(records[0]), count / len(records) if width > 1 else 0.0, width


def _records(sample: Sequence[str], delimiter: str, *, quotes: bool = True) -> list[list[str]]:
    return [cells for cells, _ in islice(csv_rows(sample, delimiter, quotes=quotes), _SAMPLE_LINES) if cells]


def _quotes_are_text(lines: Sequence[str], delimiter: str) -> bool:
    """Whether a quote stands where no program puts one that quotes: inside a cell, or around a part of it."""
    return any(
        not _may_be_quoting(cell) for line in lines if '"' in line for cell in line.rstrip(LINE_ENDS).split(delimiter)
    )


def _may_be_quoting(cell: str) -> bool:
    single = cell.replace('""', "")
    if '"' not in single or _is_quoted(cell):
        return True
    # A quoted cell that holds the separator or a line end comes in pieces, with a lone quote at an end.
    return single.count('"') == 1 and '"' in (single[0], single[-1])


def _is_quoted(cell: str) -> bool:
    return re.fullmatch(r'"(?:[^"]|"")*"', cell) is not None


def _implied_header(records: Sequence[Sequence[str]]) -> tuple[str, ...] | None:
    """Names for the columns of a table without a header, None where its first record is one after all.

    There is none where a column asks questions from the first record on: the answer is in the column after it, and the
    image's id in the first one.
    """
    if not records:
        return None
    width = len(records[0])
    alike = [record for record in records if len(record) == width]
    for place in range(1, width - 1):
        asking = sum(asks(record[place]) for record in alike)
        if asks(records[0][place]) and asking >= _MIN_ASKING * len(records):
            roles = {0: "img_id", place: "question", place + 1: "answer"}
            return tuple(roles.get(column, f"column_{column + 1}") for column in range(width))
    return None
