"""Arrow columns of whatever type come in; their cells, column by column, and what is wrong with their types go out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kvqa_audit.ingest.arrow_cells import cells_of
from kvqa_audit.ingest.dataset import TableFault, repeated_column
from kvqa_audit.ingest.pictures import PictureLayout, picture_layout, unread_pictures
from kvqa_audit.ingest.source_format import PictureColumn

if TYPE_CHECKING:
    import pyarrow as pa


# The address of the ids that pictures have where the table has no column of ids: `image.id`.
OF_PICTURE = ".id"


class ArrowColumns(Mapping[str, Sequence[Any]]):
    """Columns by name, each read and turned into Python values when it is asked for; pictures are not among them."""

    def __init__(
        self,
        names: Sequence[str],
        load: Callable[[str], pa.ChunkedArray],
        where: str,
        pictures: Mapping[str, PictureColumn],
    ) -> None:
        self._names = tuple(dict.fromkeys(names))
        self._load = load
        self._where = where
        # Not among the names: all pictures have to be read for them.
        self._ids = {f"{name}{OF_PICTURE}": column for name, column in pictures.items()}

    def __getitem__(self, name: str) -> Sequence[Any]:
        if name in self._names:
            return cells_of(self._load(name), name, self._where)
        if name in self._ids:
            return self._ids[name].ids()
        raise KeyError(name)

    def __contains__(self, name: object) -> bool:
        return name in self._names or name in self._ids

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def type_faults(schema: pa.Schema, names: Sequence[str]) -> tuple[TableFault, ...]:
    """A fault for every one of these columns whose type other programs show in other ways: dates, fractions, bytes.

    And for every one that holds pictures in another way than they are read in; and for every name of pictures that
    several columns have.
    """
    import pyarrow as pa

    faults = [
        repeated_column(name, count) for name, count in Counter(schema.names).items() if count > 1 and name not in names
    ]
    for name in dict.fromkeys(names):
        kind = schema.field(schema.names.index(name)).type
        if (held := unread_pictures(kind)) is not None:
            message = f"the column {name!r}: holds pictures as {held}, not as bytes; none was read"
            faults.append(TableFault("unread_images", message, column=name, suggestion="Store the pictures as bytes"))
        value = kind.value_type if pa.types.is_dictionary(kind) else kind
        plain = (
            pa.types.is_string(value) or pa.types.is_large_string(value) or pa.types.is_string_view(value),
            pa.types.is_integer(value) or pa.types.is_boolean(value) or pa.types.is_null(value),
            pa.types.is_nested(value) or isinstance(value, pa.BaseExtensionType),
        )
        if not any(plain):
            message = f"the column {name!r} holds {kind}, not text; its cells were taken as they print"
            faults.append(TableFault("not_text", message, column=name, suggestion="Store the column as text"))
    return tuple(faults)


def split_columns(schema: pa.Schema) -> tuple[tuple[str, ...], dict[str, PictureLayout]]:
    """The names of the columns to read, and the columns that hold pictures; the first of one name counts."""
    pictures: dict[str, PictureLayout] = {}
    for name in dict.fromkeys(schema.names):
        layout = picture_layout(schema.field(schema.names.index(name)).type)
        if layout is not None:
            pictures[name] = layout
    return tuple(name for name in schema.names if name not in pictures), pictures
