"""Rows that each carry their picture come in; every id's picture once, and digests of its other pictures, go out."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kvqa_audit.ingest.dataset import REPEATED, RawImage

if TYPE_CHECKING:
    import pyarrow as pa

ROWS_PER_BATCH = 16
IDS_PER_SHARD = 200


@dataclass(frozen=True, slots=True)
class PictureRow:
    """One row's picture: the row's number in its file, the id, and the bytes, None where the row carries none."""

    row: int
    img_id: str
    data: bytes | None


def each_picture_once(rows: Iterable[PictureRow], ids: Sequence[str], where: str) -> Iterator[RawImage]:
    """Gives every id's first picture, then a `REPEATED` entry for every other picture, all in one pass.

    An id whose first row carries no bytes is missing. Pictures of ids that are not in `ids` belong to another shard:
    they are only hashed. Holds one digest per distinct picture, and one picture, in memory.

    Args:
        rows: the rows, in the order of the file.
        ids: the ids to give, in the order of their first rows.
        where: the file, for the paths.
    """
    left = set(ids)
    others: dict[tuple[str, str], int] = {}
    given: dict[str, str] = {}
    for row in rows:
        digest = hashlib.sha256(row.data).hexdigest() if row.data else ""
        if row.img_id in left:
            left.remove(row.img_id)
            given[row.img_id] = digest
            yield _first_picture(row, where)
        elif digest and row.img_id.strip() and given.get(row.img_id) != digest:
            others.setdefault((row.img_id, digest), row.row)
    for (img_id, digest), number in others.items():
        yield RawImage(img_id, f"{where}#{number}", b"", REPEATED, digest)


def _first_picture(row: PictureRow, where: str) -> RawImage:
    path = f"{where}#{row.row}"
    if row.data:
        return RawImage(row.img_id, path, row.data)
    return RawImage(row.img_id, path, b"", "missing", "the first row of this id carries no bytes of a picture")


def pick_pictures(rows: Iterable[PictureRow], ids: Collection[str], where: str) -> Iterator[RawImage]:
    """Gives the first picture of each of these ids, and stops as soon as it has them all."""
    left = set(ids)
    for row in rows:
        if row.img_id in left and row.data:
            yield RawImage(row.img_id, f"{where}#{row.row}", row.data)
            left.remove(row.img_id)
            if not left:
                return


def guarded(images: Iterator[RawImage], ids: Sequence[str], where: str) -> Iterator[RawImage]:
    """Gives the images; if the file turns out to be broken on the way, the ids not yet given are not readable."""
    import pyarrow as pa

    given = set()
    try:
        for image in images:
            given.add(image.img_id)
            yield image
    except (OSError, pa.ArrowException) as error:
        for img_id in ids:
            if img_id not in given:
                yield RawImage(img_id, where, b"", "not_readable", str(error)[:500])


def id_texts(column: pa.ChunkedArray | pa.Array) -> list[str]:
    """A column's cells as text, "" for nulls; whole numbers and the like as they print."""
    return ["" if cell is None else cell if isinstance(cell, str) else str(cell) for cell in column.to_pylist()]


def picture_kind(kind: Any) -> str | None:
    """How a column of this Arrow type holds pictures: "struct" (with a field bytes), "binary", or None: not at all."""
    import pyarrow as pa

    if pa.types.is_struct(kind):
        names = [kind.field(index).name for index in range(kind.num_fields)]
        return "struct" if "bytes" in names else None
    return "binary" if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) else None


def picture_rows(batches: Iterable[tuple[int, Any, Any]]) -> Iterator[PictureRow]:
    """Rows of (first row, img_id array, array of bytes or of structs with bytes); one batch in memory at a time."""
    import pyarrow as pa

    for start, img_ids, pictures in batches:
        data = pictures.field("bytes") if pa.types.is_struct(pictures.type) else pictures
        for offset, img_id in enumerate(id_texts(img_ids)):
            yield PictureRow(start + offset, img_id, data[offset].as_py() if pictures[offset].is_valid else None)
