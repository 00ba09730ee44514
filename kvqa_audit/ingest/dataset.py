"""The nouns of ingest: a table as text with its faults, references to images that open their bytes, and both together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import pandas as pd

ROLES = ("source", "question", "answer", "img_id")


@dataclass(frozen=True, slots=True)
class TableFault:
    """Something wrong with the table as a file.

    `kind` is one of: missing_column, extra_column, repeated_column, no_rows, not_utf8, nul_byte, oversized_cell,
    ragged_row, unclosed_quote. `row` is the 0-based row and `line` the 1-based line of the file, where there is one.
    """

    kind: str
    message: str
    row: int | None = None
    line: int | None = None
    column: str | None = None
    suggestion: str | None = None


@dataclass(frozen=True)
class Table:
    """The table, all cells text.

    `frame` has exactly the columns source, question, answer, img_id (the roles, whatever the file calls them), an
    index 0…rows-1 that is the row number used everywhere, and "" where a cell is empty or null. `missing` names the
    roles the file has no column for; their cells are "".
    """

    frame: pd.DataFrame
    faults: tuple[TableFault, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RawImage:
    """The bytes of one image as found; `problem` and `detail` are set, and `data` is empty, where they cannot be read."""

    img_id: str
    path: str
    data: bytes
    problem: str | None = None
    detail: str | None = None


class ImageShard(Protocol):
    """References to some images, small enough to be sent to another process, which opens the bytes there."""

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of the shard's images, each once, in the order `read` gives them."""
        ...

    def read(self) -> Iterator[RawImage]:
        """Opens the images one after the other; never raises for a single image."""
        ...


@dataclass(frozen=True, slots=True)
class ImageFault:
    """Something wrong with the images as files: two_files_for_one_id, two_pictures_for_one_id, outside_the_folder."""

    kind: str
    message: str
    img_id: str
    paths: tuple[str, ...] = ()


@dataclass(frozen=True)
class Dataset:
    """One dataset as found at one place.

    `shards` together name every image once. `absent` says, for parts that are not there (`images`, `table`), why.
    """

    location: str
    kind: str
    table: Table
    shards: tuple[ImageShard, ...] = ()
    image_faults: tuple[ImageFault, ...] = ()
    revision: str | None = None
    absent: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
