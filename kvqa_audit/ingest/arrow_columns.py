"""Arrow columns of whatever type come in; their cells as text, numbers, lists and mappings go out, column by column."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kvqa_audit.errors import SourceError
from kvqa_audit.ingest.dataset import TableFault, repeated_column
from kvqa_audit.ingest.pictures import PictureLayout, picture_layout
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


def cells_of(column: pa.ChunkedArray, name: str, where: str) -> list[Any]:
    """A column's values; dates, decimals and the like as they print.

    Raises:
        SourceError: values of this type cannot be told.
    """
    import pyarrow as pa

    kind = column.type
    try:
        if isinstance(kind, pa.BaseExtensionType):
            column = pa.chunked_array([chunk.storage for chunk in column.chunks], type=kind.storage_type)
            kind = column.type
        if pa.types.is_dictionary(kind):
            column = column.cast(kind.value_type)
            kind = column.type
        if pa.types.is_temporal(kind) or pa.types.is_decimal(kind):
            column = column.cast(pa.string())
        values: list[Any] = column.to_pylist()
    except UnicodeDecodeError:
        values = [_decoded(value) for value in column.cast(pa.large_binary()).to_pylist()]
    except (pa.ArrowException, ValueError, OverflowError, TypeError, LookupError, NotImplementedError) as error:
        raise SourceError(
            f"{where}: the column {name!r} holds {kind}, which cannot be read as text ({str(error)[:120]}). "
            "Store the column as text."
        ) from None
    return [_decoded(value) if isinstance(value, bytes) else value for value in values] if _is_bytes(kind) else values


def _is_bytes(kind: pa.DataType) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind))


def _decoded(value: bytes | None) -> str | None:
    if value is None:
        return None
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")


def type_faults(schema: pa.Schema, names: Sequence[str]) -> tuple[TableFault, ...]:
    """A fault for every one of these columns whose type other programs show in other ways: dates, fractions, bytes.

    And for every one that is built as a column of pictures is, with something else in it than bytes; and for every
    name of pictures that several columns have.
    """
    import pyarrow as pa

    faults = [
        repeated_column(name, count) for name, count in Counter(schema.names).items() if count > 1 and name not in names
    ]
    for name in dict.fromkeys(names):
        kind = schema.field(schema.names.index(name)).type
        if pa.types.is_struct(kind) and (place := kind.get_field_index("bytes")) >= 0:
            message = f"the column {name!r}: holds pictures as {kind.field(place).type}, not as bytes; none was read"
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
