"""The files of an audited table come in, whatever their format; the same files, rows changed or left out, go out."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from kvqa_audit.errors import SourceError
from kvqa_audit.fixes.cell import Cell, Steps
from kvqa_audit.ingest.dataset import ROLES
from kvqa_audit.ingest.field_path import as_text
from kvqa_audit.ingest.find_tables import format_of
from kvqa_audit.ingest.joined import joined_tables
from kvqa_audit.ingest.lists_in_text import with_lists
from kvqa_audit.ingest.source_format import RawTable, Wanted
from kvqa_audit.model import AnswerRows
from kvqa_audit.spec.dataset_spec import Columns

Cells = tuple[str, ...]


class WrittenFile(Protocol):
    """One file with rows of the table, or with parts of them."""

    @property
    def tables(self) -> Sequence[RawTable]:
        """Its tables as a source is read, with a `Cell` for each text that can be written."""
        ...

    def write(self, path: Path, changed: Mapping[Steps, str], gone: Collection[Steps], kept: Collection[Steps]) -> None:
        """Writes the file anew; all that is not named stays as it is.

        Args:
            path: where to.
            changed: where a cell stands → its text.
            gone: where cells of rows stand that are left out; a record goes when no kept cell stands in it.
            kept: where those of all other rows stand.

        Raises:
            SourceError: a text cannot be written in the file's encoding.
            OutputError: the file cannot be written.
        """
        ...


@dataclass(frozen=True)
class WrittenTable:
    """The rows of an audited table as they were written, and the files they stand in, by path below the dataset.

    `img_ids` has the image of each row as the audit calls it, by its file, however the row writes it. `rows` are the
    cells of all columns; what is no `Cell` among them (several answers, a key) cannot be written. `positions` maps the
    roles that have a column to its place, `row_ids` are the places of columns that number the rows. `locked` holds the
    rows that an audit reads otherwise than they are written (too few cells, bytes that are no UTF-8): nobody but a
    person should touch them.
    """

    files: Mapping[str, WrittenFile]
    header: Cells
    rows: tuple[Cells, ...]
    positions: Mapping[str, int]
    img_ids: Sequence[str]
    row_ids: frozenset[int] = frozenset()
    locked: frozenset[int] = frozenset()

    def cell(self, row: int, role: str) -> str:
        """A cell as it is written; "" where the row or the table has none."""
        place = self.positions.get(role)
        return "" if place is None else self.rows[row][place]

    def can_change(self, row: int, role: str) -> bool:
        """Whether a role's text stands in one place, which is this row's alone."""
        cell = self.cell(row, role)
        return row not in self.locked and isinstance(cell, Cell) and self._rows_at[cell.file, cell.at] == 1

    def can_drop(self, row: int) -> bool:
        """Whether a row stands in a record of its own, and not as one entry in each of several lists."""
        cell = self.cell(row, "question")
        return (
            row not in self.locked
            and isinstance(cell, Cell)
            and isinstance(cell.at[-1], str)
            and self._questions_in[cell.file, cell.at[:-1]] == 1
        )

    @cached_property
    def _rows_at(self) -> Counter[tuple[str, Steps]]:
        return Counter((cell.file, cell.at) for row in range(len(self.rows)) for cell in self._cells_of(row))

    @cached_property
    def _questions_in(self) -> Counter[tuple[str, Steps]]:
        questions = (self.cell(row, "question") for row in range(len(self.rows)))
        return Counter((cell.file, cell.at[:-1]) for cell in questions if isinstance(cell, Cell))

    def _cells_of(self, row: int) -> Iterable[Cell]:
        """The cells of the row that play a role and can be written."""
        cells = (self.rows[row][place] for place in self.positions.values())
        return (cell for cell in cells if isinstance(cell, Cell))

    def write(self, folder: Path, changed: Mapping[int, Sequence[str]], dropped: Collection[int]) -> None:
        """Writes all files below a folder with these rows' cells changed and those rows left out.

        Raises:
            SourceError, OutputError: as for `WrittenFile.write`.
        """
        texts: dict[str, dict[Steps, str]] = defaultdict(dict)
        for row, cells in changed.items():
            for cell, text in zip(self.rows[row], cells, strict=True):
                if text != cell and isinstance(cell, Cell):
                    texts[cell.file][cell.at] = text
        stay: dict[bool, dict[str, set[Steps]]] = {True: defaultdict(set), False: defaultdict(set)}
        for row in range(len(self.rows)) if dropped else ():
            for cell in self._cells_of(row):
                stay[row not in dropped][cell.file].add(cell.at)
        for place, file in self.files.items():
            target = folder / place
            target.parent.mkdir(parents=True, exist_ok=True)
            file.write(target, texts[place], stay[False][place], stay[True][place])


def read_written_table(root: Path, tables: Sequence[RawTable], columns: Columns, audited: AnswerRows) -> WrittenTable:
    """Reads the files of the table that was audited.

    Args:
        root: the folder below which they lie.
        tables: the tables in them, in the order of their rows.
        columns: what the columns are called.
        audited: the rows as the audit read them.

    Raises:
        SourceError: a file cannot be read, is of a format that is not written back, or is not the one that was audited.
    """
    in_file: dict[str, list[RawTable]] = defaultdict(list)
    for table in tables:
        for place in (table.place, *table.joined_with):
            in_file[place].append(table)
    files = {place: _file(root / place, place, parts, columns) for place, parts in in_file.items()}
    read = map(with_lists, joined_tables([one for file in files.values() for one in file.tables], Wanted(columns)))
    by_part = {(table.place, table.part): table for table in read}
    parts = [_columns(by_part[key], columns) for table in tables if (key := (table.place, table.part)) in by_part]
    header = tuple(dict.fromkeys(name for part in parts for name in part))
    rows = tuple(row for part in parts for row in _rows(part, header))
    if len(rows) != len(audited):
        raise SourceError(
            f"{root}: has {len(rows):,} rows, and {len(audited):,} were audited. Leave it alone meanwhile."
        )
    positions = {role: header.index(name) for name, role in columns.text_columns.items() if name in header}
    written = WrittenTable(files, header, rows, positions, audited.img_id, _numbering(rows, header, columns))
    return replace(
        written, locked=frozenset(row for row in range(len(rows)) if _reads_otherwise(written, row, audited))
    )


def _file(path: Path, place: str, parts: Sequence[RawTable], columns: Columns) -> WrittenFile:
    form = format_of(path)
    if form is not None and form.name == "text":
        from kvqa_audit.fixes.written_text import read_written_text

        return read_written_text(path, place, Wanted(columns).known_in, parts[0])
    if form is not None and form.name == "json":
        from kvqa_audit.fixes.written_json import read_written_json

        return read_written_json(path, place, columns)
    if form is not None and form.name == "parquet":
        from kvqa_audit.fixes.written_parquet import read_written_parquet

        return read_written_parquet(path, place, columns)
    raise SourceError(
        f"{path}: is of a format that is not written back; separated text, JSON, JSON Lines and Parquet are. Export "
        "the dataset to one of these first."
    )


def _columns(part: RawTable, columns: Columns) -> dict[str, list[str]]:
    """The columns of the header and the fields in them that play a role, as text."""
    roles = columns.text_columns
    found = {name: part.columns[name] for name in part.header if name in part.columns}
    found |= {name: values for name in roles if name not in found and (values := part.values(name)) is not None}
    return {
        name: [as_text(_only(value) if name in roles else value) for value in values] for name, values in found.items()
    }


def _only(value: Any) -> Any:
    """The one text of a list that holds no more; any other value as it is."""
    return value[0] if isinstance(value, list) and len(value) == 1 and isinstance(value[0], str) else value


def _rows(part: Mapping[str, Sequence[str]], header: Cells) -> Iterable[Cells]:
    if not part:
        return ()
    missing = [""] * len(next(iter(part.values())))
    return zip(*(part.get(name, missing) for name in header), strict=True)


def _numbering(rows: Sequence[Cells], header: Cells, columns: Columns) -> frozenset[int]:
    """The columns that the description does not judge and of which every row has another value."""
    unjudged = [place for place, name in enumerate(header) if name in columns.other]
    return frozenset(place for place in unjudged if len(rows) > 1 and len({row[place] for row in rows}) == len(rows))


def _reads_otherwise(table: WrittenTable, row: int, audited: AnswerRows) -> bool:
    cells = {role: table.cell(row, role) for role in ROLES if role != "img_id"}
    alike = (cell == getattr(audited, role)[row] for role, cell in cells.items() if isinstance(cell, Cell))
    return not isinstance(cells["question"], Cell) or not all(alike)
