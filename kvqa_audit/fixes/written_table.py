"""The files of an audited table come in, whatever their format; the same files, rows changed or left out, go out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Protocol

from kvqa_audit.errors import SourceError
from kvqa_audit.ingest.dataset import ROLES
from kvqa_audit.ingest.find_tables import format_of
from kvqa_audit.ingest.source_format import RawTable, Wanted
from kvqa_audit.model import AnswerRows
from kvqa_audit.spec.dataset_spec import Columns

Cells = tuple[str, ...]


class WrittenFile(Protocol):
    """One file of the table; `rows` has the cells of each row as text, in the order of `header`."""

    @property
    def header(self) -> Cells: ...

    @property
    def rows(self) -> Sequence[Cells]: ...

    def write(self, path: Path, changed: Mapping[int, Mapping[int, str]], dropped: Collection[int]) -> None:
        """Writes the file anew: `changed` maps rows to place in the header → text; all else stays as it is.

        Raises:
            SourceError: a text cannot be written in the file's encoding.
            OutputError: the file cannot be written.
        """
        ...


@dataclass(frozen=True)
class WrittenTable:
    """The rows of an audited table as they were written, and the files they stand in, by path below the dataset.

    `rows` are the cells of all columns. `positions` maps the roles that have a column to its place, `row_ids` are the
    places of columns that number the rows. `locked` holds the rows that an audit reads otherwise than they are written
    (too few cells, bytes that are no UTF-8, fields inside others): nobody but a person should touch them.
    """

    files: Mapping[str, WrittenFile]
    header: Cells
    rows: tuple[Cells, ...]
    positions: Mapping[str, int]
    row_ids: frozenset[int] = frozenset()
    locked: frozenset[int] = frozenset()

    def cell(self, row: int, role: str) -> str:
        """A cell as it is written; "" where the row or the table has none."""
        place = self.positions.get(role)
        return "" if place is None else self.rows[row][place]

    def write(self, folder: Path, changed: Mapping[int, Sequence[str]], dropped: Collection[int]) -> None:
        """Writes all files below a folder with these rows' cells changed and those rows left out.

        Raises:
            SourceError, OutputError: as for `WrittenFile.write`.
        """
        start = 0
        for place, file in self.files.items():
            places = [self.header.index(name) for name in file.header]
            rows = range(start, start + len(file.rows))
            now = {
                row - start: {
                    own: text
                    for own, at in enumerate(places)
                    if (text := changed[row][at]) != self.rows[row][at]
                }
                for row in rows
                if row in changed
            }  # fmt: skip
            target = folder / place
            target.parent.mkdir(parents=True, exist_ok=True)
            file.write(target, now, {row - start for row in dropped if row in rows})
            start = rows.stop


def read_written_table(root: Path, tables: Sequence[RawTable], columns: Columns, audited: AnswerRows) -> WrittenTable:
    """Reads the files of the table that was audited.

    Args:
        root: the folder below which they lie.
        tables: the tables in them, in the order of their rows.
        columns: what the columns are called.
        audited: the rows as the audit read them.

    Raises:
        SourceError: a file cannot be read, is of a shape that cannot be written back, or is not the one that was
            audited.
    """
    files = {
        place: _file(root / place, tuple(parts), columns) for place, parts in groupby(tables, lambda one: one.place)
    }
    header = tuple(dict.fromkeys(name for file in files.values() for name in file.header))
    rows: list[Cells] = []
    for file in files.values():
        if file.header == header:
            rows += file.rows
        else:
            place_of = {name: place for place, name in enumerate(file.header)}
            rows += [tuple(r[place_of[n]] if n in place_of else "" for n in header) for r in file.rows]
    if len(rows) != len(audited):
        raise SourceError(
            f"{root}: has {len(rows):,} rows, and {len(audited):,} were audited. Leave it alone meanwhile."
        )
    positions = {role: header.index(name) for name, role in columns.text_columns.items() if name in header}
    table = WrittenTable(files, header, tuple(rows), positions, _numbering(rows, header, columns))
    locked = frozenset(row for row in range(len(rows)) if _reads_otherwise(table, row, audited))
    return WrittenTable(files, header, table.rows, positions, table.row_ids, locked)


def _file(path: Path, parts: Sequence[RawTable], columns: Columns) -> WrittenFile:
    form = format_of(path)
    if form is not None and form.name == "text":
        from kvqa_audit.fixes.written_text import read_written_text

        return read_written_text(path, Wanted(columns).known_in, parts[0].rows)
    if form is not None and form.name == "json":
        from kvqa_audit.fixes.written_json import read_written_json

        return read_written_json(path, parts, columns)
    if form is not None and form.name == "parquet":
        from kvqa_audit.fixes.written_parquet import read_written_parquet

        return read_written_parquet(path, parts[0])
    raise SourceError(
        f"{path}: is of a format that is not written back; separated text, lists of records in JSON, JSON Lines and "
        "Parquet are. Export the dataset to one of these first."
    )


def _numbering(rows: Sequence[Cells], header: Cells, columns: Columns) -> frozenset[int]:
    """The columns that the description does not judge and of which every row has another value."""
    unjudged = [place for place, name in enumerate(header) if name in columns.other]
    return frozenset(place for place in unjudged if len(rows) > 1 and len({row[place] for row in rows}) == len(rows))


def _reads_otherwise(table: WrittenTable, row: int, audited: AnswerRows) -> bool:
    if not table.rows[row]:
        return True
    return any(table.cell(row, role) != getattr(audited, role)[row] for role in ROLES)
