"""Lines of separated text come in; the cells of one record after the other go out, of whatever length."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from typing import Literal

LINE_ENDS = "\r\n"


def csv_rows(lines: Sequence[str], delimiter: str = ",", *, quotes: bool = True) -> Iterator[tuple[list[str], int]]:
    """Each record's cells, and how many lines were read up to its end; a blank line is a record without cells.

    Reads as `csv.reader` does. Its limit on the length of a cell belongs to the whole process, and so to other threads
    too: it stays as it is, and a record that it refuses is read here.

    Args:
        lines: with their line ends.
        delimiter: the character between cells.
        quotes: whether a double quote at the start of a cell opens a quoted one; otherwise it is text.
    """
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if quotes else csv.QUOTE_NONE
    done = 0
    while done < len(lines):
        rest = iter(lines) if not done else (lines[number] for number in range(done, len(lines)))
        reader = csv.reader(rest, delimiter=delimiter, quoting=quoting)
        before = done
        try:
            for cells in reader:
                done = before + reader.line_num
                yield cells, done
            return
        except csv.Error:
            cells, done = _long_record(lines, done, delimiter, quotes)
            yield cells, done


def _long_record(lines: Sequence[str], start: int, delimiter: str, quotes: bool) -> tuple[list[str], int]:
    """The record that starts in this line, and the line after it."""
    cells: list[str] = []
    parts: list[str] = []
    is_fresh, is_open = True, False
    for number in range(start, len(lines)):
        line = lines[number]
        at, end = 0, len(line.rstrip(LINE_ENDS))
        while True:
            if is_open:
                close = line.find('"', at)
                if close < 0:
                    parts.append(line[at:])
                    break
                parts.append(line[at:close])
                is_open = line[close + 1 : close + 2] == '"'
                at = close + (2 if is_open else 1)
                if is_open:
                    parts.append('"')
            elif at >= end:
                return [*cells, "".join(parts)], number + 1
            elif quotes and is_fresh and line[at] == '"':
                is_open, is_fresh, at = True, False, at + 1
            else:
                cut = line.find(delimiter, at, end)
                parts.append(line[at : end if cut < 0 else cut])
                at, is_fresh = end if cut < 0 else cut + 1, cut >= 0
                if cut >= 0:
                    cells.append("".join(parts))
                    parts = []
                    if at >= end:
                        return [*cells, ""], number + 1
    return [*cells, "".join(parts)], len(lines)
