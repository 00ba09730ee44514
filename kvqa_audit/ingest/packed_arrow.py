"""A mapped Arrow stream or file comes in; the bytes that its packed buffers unpack to go out.

That is told before each buffer, and pyarrow takes as much memory before it looks whether it is so; so it is read here,
out of the headers of the messages, before anything is unpacked. See the flatbuffers `Message.fbs` and `File.fbs` of
Arrow; pyarrow checks that no offset in them leads out of them.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

# The places of fields in their tables.
_HEADER, _DATA_OF_DICTIONARY, _BUFFERS, _COMPRESSION = 2, 1, 2, 3
_DICTIONARIES, _RECORD_BATCHES = 2, 3
_BLOCK, _BUFFER, _MAGIC = "<qi4xq", "<qq", b"ARROW1"
_SIZE = struct.Struct("<q")
# How Arrow 0.17 told it, which is read to this day.
_EARLIER_COMPRESSION = b"ARROW:experimental_compression"


def unpacked_bytes(source: pa.NativeFile, *, is_stream: bool) -> int:
    """The bytes that the packed buffers of all rows and dictionaries say they unpack to; 0 where none is packed.

    Args:
        source: a stream, or a file that `pyarrow.ipc.open_file` opens.
        is_stream: which of both.

    Raises:
        pa.ArrowException, OSError: a message cannot be read.
    """
    import pyarrow as pa

    try:
        return sum(map(_unpacked, _of_stream(source) if is_stream else _of_file(source)))
    except (struct.error, EOFError) as error:
        raise pa.ArrowInvalid(f"a header leads to no rows: {error}") from None


def _of_stream(source: pa.NativeFile) -> Iterator[pa.Message]:
    import pyarrow as pa

    source.seek(0)
    yield from pa.ipc.MessageReader.open_stream(source)


def _of_file(source: pa.NativeFile) -> Iterator[pa.Message]:
    """The messages that the end of the file tells of, in whatever order."""
    import pyarrow as pa

    size = source.size()
    source.seek(size - len(_MAGIC) - 4)
    (length,) = struct.unpack("<i", source.read(4))
    source.seek(size - len(_MAGIC) - 4 - length)
    footer = source.read(length)
    for number in (_DICTIONARIES, _RECORD_BATCHES):
        for offset, _, _ in _structs(footer, _field(footer, _followed(footer, 0), number), _BLOCK):
            source.seek(offset)
            yield pa.ipc.read_message(source)


def _unpacked(message: pa.Message) -> int:
    """What the first eight bytes of each buffer tell; -1 there means that it is not packed."""
    if message.type not in ("record batch", "dictionary"):
        return 0
    metadata = message.metadata.to_pybytes()
    batch = _followed(metadata, _field(metadata, _followed(metadata, 0), _HEADER))
    if message.type == "dictionary":
        batch = _followed(metadata, _field(metadata, batch, _DATA_OF_DICTIONARY))
    if _field(metadata, batch, _COMPRESSION) is None and _EARLIER_COMPRESSION not in metadata:
        return 0
    buffers = _structs(metadata, _field(metadata, batch, _BUFFERS), _BUFFER)
    starts = (offset for offset, length in buffers if length >= _SIZE.size)
    return sum(max(0, _SIZE.unpack_from(message.body or b"", start)[0]) for start in starts)


def _field(data: bytes, table: int, number: int) -> int | None:
    """Where a field of a table is; None where it is left out."""
    fields = table - struct.unpack_from("<i", data, table)[0]
    place = 4 + 2 * number
    if place >= struct.unpack_from("<H", data, fields)[0]:
        return None
    offset: int = struct.unpack_from("<H", data, fields + place)[0]
    return table + offset if offset else None


def _followed(data: bytes, place: int | None) -> int:
    """Where the offset at a place leads."""
    if place is None:
        raise struct.error("a field is not there")
    offset: int = struct.unpack_from("<I", data, place)[0]
    return place + offset


def _structs(data: bytes, place: int | None, kind: str) -> list[tuple[int, ...]]:
    """The structs in a vector, as many as its table can hold."""
    if place is None:
        return []
    start = _followed(data, place)
    (count,) = struct.unpack_from("<I", data, start)
    end = start + 4 + count * struct.calcsize(kind)
    return list(struct.iter_unpack(kind, data[start + 4 : end]))
