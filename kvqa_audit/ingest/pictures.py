"""Rows that each carry their picture come in; every id's picture once, and digests of its other pictures, go out."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from kvqa_audit.ingest.arrow_cells import cells_of
from kvqa_audit.ingest.dataset import REPEATED, RawImage
from kvqa_audit.ingest.field_path import as_text

ROWS_PER_BATCH = 16
IDS_PER_SHARD = 200
_ID_DIGITS = 16
# How a column holds pictures: as bytes, or as records with the bytes and perhaps the path of the file they came from.
PictureLayout = Literal["bytes", "record", "record with path"]


@dataclass(frozen=True, slots=True)
class PictureRow:
    """One row's picture: the row's number in its file, the id, and the bytes, None where the row carries none."""

    row: int
    img_id: str
    data: bytes | None


def each_picture_once(rows: Iterable[PictureRow], ids: Sequence[str], where: str) -> Iterator[RawImage]:
    """Gives every id's first picture, then those that no row carries, then a `REPEATED` entry for every other picture.

    All in one pass. Pictures of ids that are not in `ids` belong to another shard: they are only hashed. Holds one
    digest per distinct picture, and one picture, in memory.

    Args:
        rows: the rows, in the order of the file.
        ids: the ids to give, in the order of the first rows that carry their pictures.
        where: the file, for the paths.
    """
    left = dict.fromkeys(ids, -1)
    others: dict[tuple[str, str], int] = {}
    given: dict[str, str] = {}
    for row in rows:
        if row.data and row.img_id in left:
            del left[row.img_id]
            given[row.img_id] = hashlib.sha256(row.data).hexdigest()
            yield RawImage(row.img_id, f"{where}#{row.row}", row.data)
        elif row.data and row.img_id.strip():
            digest = hashlib.sha256(row.data).hexdigest()
            if given.get(row.img_id) != digest:
                others.setdefault((row.img_id, digest), row.row)
        elif left.get(row.img_id) == -1:
            left[row.img_id] = row.row
    for img_id, number in left.items():
        yield RawImage(img_id, f"{where}#{number}", b"", "missing", "no row of this id carries bytes of a picture")
    for (img_id, digest), number in others.items():
        yield RawImage(img_id, f"{where}#{number}", b"", REPEATED, digest)


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


def ids_by_shard(
    img_ids: Sequence[str], carries: Sequence[bool] | None, cuts: Sequence[int], known: set[str]
) -> Iterator[tuple[int, int, tuple[str, ...]]]:
    """Cuts a file into runs of rows with some hundred new ids each: first row, row after the last, and the ids.

    An id belongs to the run with the first row that carries its picture, and to that of its first row where none does.

    Args:
        img_ids: the id of each row.
        carries: whether each row carries bytes; None is all.
        cuts: the rows at which a run may end, the file's end last.
        known: the ids of earlier files; grows by those met here.
    """
    first: dict[str, int] = {}
    for row, img_id in enumerate(img_ids):
        if img_id not in first and img_id not in known and img_id.strip() and (carries is None or carries[row]):
            first[img_id] = row
    bare: dict[str, int] = {}
    if carries is not None:
        for row, img_id in enumerate(img_ids):
            if img_id not in first and img_id not in known and img_id.strip():
                bare.setdefault(img_id, row)
    known.update(first, bare)
    waiting = sorted([(row, 0, img_id) for img_id, row in first.items()] + [(r, 1, i) for i, r in bare.items()])
    start, at = 0, 0
    for number, cut in enumerate(cuts):
        end = at
        while end < len(waiting) and waiting[end][0] < cut:
            end += 1
        if end - at >= IDS_PER_SHARD or number == len(cuts) - 1:
            # Those without a picture are given last.
            yield start, cut, tuple(i for _, _, i in sorted(waiting[at:end], key=lambda one: one[1]))
            start, at = cut, end


def picture_layout(kind: Any) -> PictureLayout | None:
    """How a column of this Arrow type holds pictures; None where it holds none."""
    import pyarrow as pa

    if pa.types.is_struct(kind):
        names = [field.name for field in kind]
        if names.count("bytes") != 1 or not _is_bytes(kind.field("bytes").type):
            return None
        return "record with path" if names.count("path") == 1 else "record"
    return "bytes" if _is_bytes(kind) else None


def unread_pictures(kind: Any) -> str | None:
    """As what a column of this Arrow type holds pictures where it is built for them otherwise than it is read."""
    import pyarrow as pa

    if pa.types.is_struct(kind):
        held = [str(field.type) for field in kind if field.name == "bytes"]
        return " and ".join(held) or None
    if pa.types.is_dictionary(kind) or pa.types.is_nested(kind):
        value = kind.item_type if pa.types.is_map(kind) else kind.value_type
        is_picture = picture_layout(value) is not None or unread_pictures(value) is not None
        return str(kind) if is_picture else None
    return None


def _is_bytes(kind: Any) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind))


def ids_of_pictures(pictures: Iterable[Any], layout: PictureLayout, name: str, where: str) -> list[str]:
    """An id for each row of arrays of bytes, or of structs with bytes: the path stored with them, or their digest.

    Where one path stands with different bytes, the digest's first digits are added to it. A row without bytes has
    its path alone.

    Raises:
        SourceError: paths of this type cannot be told.
        pa.ArrowInvalid: bytes lead out of the file.
    """
    import pyarrow as pa

    rows: list[tuple[str, str]] = []
    for array in pictures:
        data = _bytes_of(array)
        paths: Sequence[Any] = [None] * len(array)
        if layout == "record with path":
            paths = cells_of(pa.chunked_array([array.field("path")]), f"{name}.path", where)
        for offset, path in enumerate(paths):
            held = data[offset].as_py() if array[offset].is_valid else None
            rows.append((as_text(path), hashlib.sha256(held).hexdigest() if held else ""))
    digests: dict[str, set[str]] = {}
    for path, digest in rows:
        if path and digest:
            digests.setdefault(path, set()).add(digest)
    several = {path for path, found in digests.items() if len(found) > 1}
    return [
        f"{path}#{digest[:8]}" if path in several and digest else path or digest[:_ID_DIGITS] for path, digest in rows
    ]


def rows_with_bytes(pictures: Any) -> list[bool]:
    """Whether each row of an array of bytes, or of structs with bytes, carries any."""
    import pyarrow as pa

    valid: list[bool] = pictures.is_valid().to_pylist()
    if not pa.types.is_struct(pictures.type):
        return valid
    data = pictures.field("bytes").is_valid().to_pylist()
    return [one and two for one, two in zip(valid, data, strict=True)]


def picture_rows(batches: Iterable[tuple[int, Any, Any]]) -> Iterator[PictureRow]:
    """Rows of (first row, img_ids, array of bytes or of structs with bytes); one batch in memory at a time."""
    for start, img_ids, pictures in batches:
        data = _bytes_of(pictures)
        for offset, img_id in enumerate(img_ids):
            yield PictureRow(
                start + offset, as_text(img_id), data[offset].as_py() if pictures[offset].is_valid else None
            )


def _bytes_of(pictures: Any) -> Any:
    """The bytes of an array of bytes, or of structs with bytes, once none of them lead out of what was read."""
    import pyarrow as pa

    data = pictures.field("bytes") if pa.types.is_struct(pictures.type) else pictures
    data.validate(full=True)
    return data
