"""An Arrow column of whatever type comes in; its cells as text, numbers, lists and mappings go out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kvqa_audit.errors import SourceError

if TYPE_CHECKING:
    import pyarrow as pa


# A few kilobytes unpack to any number of texts that are long and alike; no question or answer is so long.
_MAX_BYTES, _MAX_MEAN_BYTES = 256_000_000, 20_000


def refuse_long_cells(size_bytes: int, rows: int, name: str, where: str) -> None:
    """Refuses a column that takes much memory because its cells are long, and not because they are many.

    Raises:
        SourceError: it is such a column.
    """
    if size_bytes > max(_MAX_BYTES, _MAX_MEAN_BYTES * rows):
        raise SourceError(
            f"{where}: the column {name!r} unpacks to at least {size_bytes:,} bytes in {rows:,} rows, far more than "
            "questions and answers take. Leave what is no text out of it."
        )


def cells_of(column: pa.ChunkedArray, name: str, where: str) -> list[Any]:
    """A column's values; dates, decimals and the like as they print.

    Raises:
        SourceError: values of this type cannot be told, lead out of the file, or are too long.
    """
    import pyarrow as pa

    try:
        cells = [value for chunk in column.chunks for value in _cells(chunk)]
    except (pa.ArrowException, ValueError, OverflowError, TypeError, LookupError, NotImplementedError) as error:
        raise SourceError(
            f"{where}: the column {name!r} holds {column.type}, which cannot be read as text ({str(error)[:120]}). "
            "Store the column as text in UTF-8."
        ) from None
    refuse_long_cells(sum(len(value) for value in cells if isinstance(value, str)), len(cells), name, where)
    return cells


def _cells(array: pa.Array) -> list[Any]:
    import pyarrow as pa

    kind = array.type
    if isinstance(kind, pa.BaseExtensionType):
        return _cells(array.storage)
    if pa.types.is_dictionary(kind):
        values, places = _cells(array.dictionary), _cells(array.indices)
        if any(place is not None and place < 0 for place in places):
            raise ValueError("a place before the first value")
        return [None if place is None else values[place] for place in places]
    array = _checked(array)
    if pa.types.is_temporal(kind) or pa.types.is_decimal(kind):
        array = array.cast(pa.string())
    cells: list[Any] = array.to_pylist()
    return [_decoded(value) if isinstance(value, bytes) else value for value in cells]


def _checked(array: pa.Array) -> pa.Array:
    """The array, once none of its values leads out of what was read; as bytes where its texts are no UTF-8."""
    import pyarrow as pa

    as_bytes = {pa.string(): pa.binary(), pa.large_string(): pa.large_binary(), pa.string_view(): pa.binary_view()}
    try:
        array.validate(full=True)
    except pa.ArrowInvalid:
        if array.type not in as_bytes:
            raise
        array = array.view(as_bytes[array.type])
        array.validate(full=True)
    return array


def _decoded(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")
