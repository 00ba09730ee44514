"""Tables of one column, a cell a line, come in; those of one folder that belong together line by line go out as one.

So COCO-QA is written (Ren, Kiros and Zemel, Exploring Models and Data for Image Question Answering, 2015):
`questions.txt`, `answers.txt` and `img_ids.txt`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from kvqa_audit.errors import SourceError
from kvqa_audit.ingest.source_format import RawTable
from kvqa_audit.ingest.usual_names import usual_roles

CELL_A_LINE = "one cell a line"
_ROLES = ("question", "answer", "img_id")


def cell_a_line(place: str, encoding: str, lines: Sequence[str]) -> RawTable | None:
    """A text whose name is that of a column, as a table of this column; None where its name is none."""
    name = PurePosixPath(place).stem
    if not usual_roles([name]):
        return None
    cells = [line.rstrip("\r\n") for line in lines]
    return RawTable(place, f"{encoding}, {CELL_A_LINE}", (name,), {name: cells}, len(cells), is_text=True)


def with_joined_lines(tables: Sequence[RawTable]) -> list[RawTable]:
    """The tables, those of one cell a line joined where a folder has questions, answers and images in as many lines.

    What is left alone is no table: its header is empty.

    Raises:
        SourceError: they have different numbers of lines.
    """
    by_folder: dict[str, list[RawTable]] = defaultdict(list)
    found: list[RawTable] = []
    for table in tables:
        if table.how.endswith(CELL_A_LINE):
            by_folder[table.place.rpartition("/")[0]].append(table)
        else:
            found.append(table)
    for parts in by_folder.values():
        by_name = {part.header[0]: part for part in parts}
        roles = usual_roles(by_name)
        if set(roles) != set(_ROLES):
            found += [replace(part, header=(), columns={}, rows=0) for part in parts]
            continue
        first, *others = (by_name[roles[role]] for role in _ROLES)
        for other in others:
            if other.rows != first.rows:
                raise SourceError(
                    f"{other.place}: has {other.rows:,} lines, and {first.place} {first.rows:,}; line by line they do "
                    "not belong together. Export them again."
                )
        places = tuple(other.place for other in others)
        columns = {name: values for part in (first, *others) for name, values in part.columns.items()}
        found.append(
            replace(
                first,
                how=f"{first.how}, joined with {' and '.join(places)} by the line",
                header=tuple(columns),
                columns=columns,
                faults=tuple(fault for part in (first, *others) for fault in part.faults),
                joined_with=places,
            )
        )
    return found
