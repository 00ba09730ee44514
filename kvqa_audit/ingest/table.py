"""Tables as they stand in their files come in; the one table of the dataset, all cells text, goes out."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kvqa_audit.errors import SourceError
from kvqa_audit.ingest.dataset import ROLES, Accepted, Table, TableFault, repeated_column
from kvqa_audit.ingest.delimited import DelimitedText
from kvqa_audit.ingest.field_path import as_text
from kvqa_audit.ingest.several_questions import several_in
from kvqa_audit.ingest.source_format import RawTable, Wanted
from kvqa_audit.ingest.usual_names import folded, usual_columns
from kvqa_audit.spec.dataset_spec import Columns

if TYPE_CHECKING:
    import pandas as pd

MAX_CATEGORIES = 200
_TIMES = ("count", "counts", "votes", "times", "frequency", "weight", "score")


def read_csv_table(path: Path | str, columns: Columns) -> Table:
    """Reads one text table by its description.

    Raises:
        SourceError: the file cannot be read, is empty, or its first line names no known column.
    """
    path = Path(path)
    return whole_table(DelimitedText().read(path, path.name, Wanted(columns)), columns, str(path))


def whole_table(parts: Sequence[RawTable], columns: Columns, where: str) -> Table:
    """Puts tables of the same shape below each other, each column in its role.

    Args:
        parts: in the order of their rows.
        columns: what the columns are called.
        where: the source, for errors.

    Raises:
        SourceError: no part has any of the known columns, or a column cannot be read.
    """
    several = len(parts) > 1
    cells: dict[str, list[Sequence[str]]] = {role: [] for role in columns.text_columns.values()}
    accepted: list[Accepted] = []
    splits: list[str] = []
    groups: list[str] = []
    faults: list[TableFault] = []
    found: set[str] = set()
    told = {part.split for part in parts} if several else {""}
    rows = 0
    for part in parts:
        layout = column_layout(part, columns, where if where.endswith(part.place) else f"{where}/{part.place}")
        found |= layout.columns.keys()
        faults += [_placed(fault, part, rows, several) for fault in (*part.faults, *layout.faults)]
        for role, column in cells.items():
            column.append(layout.texts(role, part))
        accepted += [()] * part.rows if part.is_text else _accepted(layout, part, columns)
        in_column = [as_text(value) for value in layout.split] if layout.split is not None else []
        splits += in_column or [part.split if len(told) > 1 else ""] * part.rows
        groups += [""] * part.rows if layout.group is None else [as_text(value) for value in layout.group]
        rows += part.rows
    unique = tuple(dict.fromkeys(faults))
    held = {
        role: column[0] if len(column) == 1 else list(chain.from_iterable(column))
        for role, column in cells.items()
        if role in found
    }
    table = finished_table(held, list(unique), splits)
    return replace(
        table,
        accepted=tuple(accepted) if any(accepted) else (),
        groups=tuple(groups) if any(groups) else (),
        categories=_categories(parts, columns.other),
    )


def _categories(parts: Sequence[RawTable], names: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The columns of these names that hold texts, and few different ones; "" where a part lacks the column."""
    found: dict[str, tuple[str, ...]] = {}
    for name in names:
        values = [value for part in parts for value in part.columns.get(name, [None] * part.rows)]
        if all(isinstance(value, str) or value is None for value in values):
            once: dict[str, str] = {}
            cells = tuple(once.setdefault(text, text) for text in (value or "" for value in values))
            if 1 < len(once) <= min(MAX_CATEGORIES, len(cells) // 2):
                found[name] = cells
    return found


def finished_table(cells: Mapping[str, Sequence[str]], faults: list[TableFault], splits: Sequence[str] = ()) -> Table:
    """Builds the table from role → cells, fills the roles that are missing, and notes a table without rows."""
    rows = len(next(iter(cells.values()), ()))
    if rows == 0:
        faults = [*faults, TableFault("no_rows", "The table has no rows", suggestion="Export the table again")]
    missing = tuple(role for role in ROLES if role not in cells)
    frame = _frame({role: cells.get(role, [""] * rows) for role in ROLES})
    return Table(frame, tuple(faults), missing, tuple(splits) if any(splits) else ())


def empty_table(faults: Sequence[TableFault] = ()) -> Table:
    """A table without rows, for images that have no table beside them."""
    return Table(_frame({role: [] for role in ROLES}), tuple(faults), ROLES)


def _frame(cells: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(cells, columns=list(ROLES), dtype=object)


def _placed(fault: TableFault, part: RawTable, rows_before: int, several: bool) -> TableFault:
    """The fault with its row in the whole table, and with the file where there are several; of the header once."""
    if not several or fault.kind in ("missing_column", "extra_column", "repeated_column"):
        return fault
    row = None if fault.row is None else fault.row + rows_before
    return replace(fault, message=f"{part.place}: {fault.message}", row=row)


@dataclass(frozen=True, slots=True)
class ColumnLayout:
    """The values of each role, what is wrong with the header, and each row's split and group, if a column tells it."""

    columns: Mapping[str, Sequence[Any]]
    faults: list[TableFault]
    split: Sequence[Any] | None = None
    group: Sequence[Any] | None = None

    def texts(self, role: str, part: RawTable) -> Sequence[str]:
        """The role's cells as text; of several accepted answers the one given most often."""
        values = self.columns.get(role)
        if values is None:
            return [""] * part.rows
        if part.is_text:
            return values
        if role == "answer":
            return [most_accepted(value) if isinstance(value, (list, dict)) else as_text(value) for value in values]
        return [as_text(_only(value)) for value in values]


def _only(value: Any) -> Any:
    """The one entry of a list that has no other; any other value as it is."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def column_layout(part: RawTable, columns: Columns, where: str) -> ColumnLayout:
    """Finds the roles among the columns of a table.

    Raises:
        SourceError: none of the known columns is there.
    """
    known = columns.text_columns
    header = part.header
    tops = {path.partition(".")[0].partition("[")[0] for path in known}
    expected = {columns.image, columns.split, columns.accepted, columns.group, *columns.other, *tops, *known}
    faults: list[TableFault] = []
    for name, count in Counter(header).items():
        if count > 1:
            faults.append(repeated_column(name, count))
        if name not in expected:
            faults.append(TableFault("extra_column", f"The column {name!r} is not expected", column=name))
    found: dict[str, Sequence[Any]] = {}
    for name, role in known.items():
        values = part.values(name)
        if values is not None:
            found[role] = values
        else:
            faults.append(_missing(name, role, header))
    if not found:
        named = ", ".join(repr(name[:60]) for name in header[:12]) or "nothing"
        raise SourceError(
            f"{where}: the first line names none of the columns {', '.join(known)}; found: {named}. Add a header line, "
            "or name the columns in the dataset description (columns: …), which `init` begins. To audit pictures "
            "without this table, name their folder."
        )
    faults += _unread_questions(part, known)
    group = None if columns.group is None else part.values(columns.group)
    if columns.group is not None and group is None:
        faults.append(_missing(columns.group, "group", header))
    split = part.values(columns.split) if columns.split not in known else None
    return ColumnLayout(found, faults, split, group)


def _unread_questions(part: RawTable, known: Mapping[str, str]) -> list[TableFault]:
    """What the turns of a talk hold beyond those that the addresses of question and answer name."""
    tops = {path.partition("[")[0] for path, role in known.items() if role in ("question", "answer") and "[" in path}
    return [
        TableFault(
            "unread_questions",
            f"The column {top!r} holds {count:,} further questions with answers, beside the one of each row that was "
            "read",
            column=top,
            suggestion="Write one row for each question",
        )
        for top in sorted(tops)
        if top in part.columns and (count := several_in(part.columns[top]))
    ]


def _missing(name: str, role: str, header: Sequence[str]) -> TableFault:
    by_fold = {other.strip().casefold(): other for other in header}
    close = difflib.get_close_matches(name.casefold(), by_fold, n=1, cutoff=0.75)
    usual = usual_columns(role, header) if role != "source" else []
    if close and (not usual or folded(close[0]) == folded(name)):
        hint = f"Rename the column {by_fold[close[0]]!r} to {name!r}"
    elif usual:
        hint = f"The column {usual[0]!r} looks like it: name it in the description, which `init` begins"
    else:
        hint = f"Add the column {name!r}"
    return TableFault("missing_column", f"The column {name!r} is missing", column=name, suggestion=hint)


def _accepted(layout: ColumnLayout, part: RawTable, columns: Columns) -> list[Accepted]:
    """The answers that each row accepts, out of the column that the description names, or of the answers' own."""
    values = part.values(columns.accepted) if columns.accepted else layout.columns.get("answer")
    if values is None:
        return [()] * part.rows
    return [accepted_answers(value) for value in values]


def accepted_answers(value: Any) -> Accepted:
    """Several accepted answers with how often each is given, most often first; nothing where it is a single one.

    Read are a list of answers, of pairs of an answer and its count, or of records with an answer each and maybe how
    often it is given, and a mapping of answers to counts or weights.
    """
    if isinstance(value, dict) and value and all(_is_number(weight) for weight in value.values()):
        given = {str(answer): weight for answer, weight in value.items()}
    elif isinstance(value, dict):
        return next((accepted_answers(inner) for inner in value.values() if isinstance(inner, list)), ())
    elif isinstance(value, list):
        given = {}
        for answer, times in _answers_in(value):
            if text := as_text(answer):
                given[text] = given.get(text, 0) + times
    else:
        return ()
    return tuple(sorted(given.items(), key=lambda one: -one[1]))


def _answers_in(entries: Sequence[Any]) -> Iterator[tuple[Any, float]]:
    """The answers of a list, with how often each is given.

    Its records have them under one name, which is looked for once for all of a shape.
    """
    shape: Collection[str] = ()
    named, times = "", ""
    for entry in entries:
        if isinstance(entry, list) and len(entry) == 2 and isinstance(entry[0], str) and _is_number(entry[1]):
            yield entry[0], entry[1]
        elif not isinstance(entry, dict):
            yield entry, 1
        else:
            if entry.keys() != shape:
                shape, named = entry.keys(), next(iter(usual_columns("answer", entry)), "")
                times = next((name for name in entry if folded(name) in _TIMES), "")
            told = entry.get(times)
            yield entry.get(named), told if told is not None and _is_number(told) else 1


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def most_accepted(value: Any) -> str:
    """The answer given most often; what is no such answers is text as it prints."""
    accepted = accepted_answers(value)
    return accepted[0][0] if accepted else as_text(value) if value else ""
