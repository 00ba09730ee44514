"""What a format of tables is: it recognises a file, reads rows and pictures as they stand, and says what it did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from kvqa_audit.ingest.dataset import ImageShard, TableFault
from kvqa_audit.ingest.field_path import value_at
from kvqa_audit.ingest.usual_names import asking_column, usual_roles
from kvqa_audit.spec.dataset_spec import Columns


class PictureColumn(Protocol):
    """A column with the bytes of pictures."""

    def ids(self) -> list[str]:
        """An id for each row where the table has none: equal for equal bytes, and told from the path stored with them.

        Raises:
            SourceError: the file cannot be read.
        """
        ...

    def shards(self, img_ids: Sequence[str], known: set[str], /) -> tuple[ImageShard, ...]:
        """References to every id's picture; none where no row carries bytes.

        Args:
            img_ids: the id of each row.
            known: the ids that earlier shards hold; grows by those of these shards.

        Raises:
            SourceError: the file cannot be read.
        """
        ...


@dataclass(frozen=True)
class RawTable:
    """One table as it stands in a file.

    `place` is the file's path below the source's folder, `part` the list in it where it holds several, `folder` where
    its ids may start from. `header` has the names as written, repeated ones too. `columns` maps each name to one value
    a row: texts, numbers, None, and for nested columns lists and mappings. `how` says in words how it was read.
    `split` is what the file's name, its folder or its key says, "" where that is nothing. `pictures` are the
    columns with the bytes of pictures, which are not among `columns`. `is_text` says that
    every value is a text. `joined_with` are the places of other files in which a part of each row stands.
    """

    place: str
    how: str
    header: tuple[str, ...]
    columns: Mapping[str, Sequence[Any]]
    rows: int
    faults: tuple[TableFault, ...] = ()
    part: str = ""
    split: str = ""
    folder: str = ""
    pictures: Mapping[str, PictureColumn] = field(default_factory=dict)
    is_text: bool = False
    joined_with: tuple[str, ...] = ()

    def values(self, path: str) -> Sequence[Any] | None:
        """The values of a column, or of a field in one (`conversations[1].value`); None where there is no such column.

        Raises:
            SourceError: the column cannot be read.
        """
        if path in self.columns:
            return self.columns[path]
        return value_at(self.columns, path)


@dataclass(frozen=True)
class Wanted:
    """The columns that are looked for: those of a description, and the names that columns usually go by."""

    columns: Columns | None = None

    def roles(self, table: RawTable) -> frozenset[str]:
        """Which roles the table has columns for."""
        found = usual_roles(table.header).keys() | ()
        if self.columns is not None:
            known = self.columns.text_columns.items()
            found |= {role for name, role in known if name in table.columns or table.values(name) is not None}
        unnamed = found.isdisjoint({"question", "answer"}) and len(table.header) > 2
        if unnamed and asking_column(table.columns) is not None:
            # Columns of any name: what stands beside questions are their answers.
            found |= {"question", "answer"}
        return frozenset(found)

    def known_in(self, header: Sequence[str]) -> int:
        """How many names of a header are known."""
        described = self.columns.text_columns if self.columns is not None else {}
        return len(usual_roles(header)) + sum(name in described for name in header)


class SourceFormat(Protocol):
    """A format of tables. To add one: one file with an object of this shape, and one line in `formats.FORMATS`."""

    name: str

    def recognises(self, path: Path) -> bool:
        """Whether a file (or a folder that is one table) may be of this format, by its name alone."""
        ...

    def read(self, path: Path, place: str, wanted: Wanted, /) -> tuple[RawTable, ...]:
        """Reads every table in the file; none where it holds no table.

        Raises:
            SourceError: the file is of this format and cannot be read.
        """
        ...
