"""An opened source and its table come in; references to its images, and what was left out of them, go out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from kvqa_audit.errors import SourceError
from kvqa_audit.ingest.dataset import ImageFault, ImageShard, Table, TableFault
from kvqa_audit.ingest.find_tables import PACKED
from kvqa_audit.ingest.image_folder import ListedFiles, list_images
from kvqa_audit.ingest.image_ids import IMAGES_NAME, RowId
from kvqa_audit.ingest.opened_source import OpenedSource
from kvqa_audit.spec.dataset_spec import DatasetSpec

_SCANNED_CELLS = 20
# A data URI, or the first bytes of JPEG, PNG, GIF, WebP, BMP and TIFF.
_ENCODED_PICTURE = re.compile(r"data:image/|(?:/9j/|iVBORw0KGgo|R0lGOD|UklGR|Qk[0-3]|SUkqA|TU0AK)[A-Za-z0-9+/\s]{100}")


@dataclass(frozen=True)
class SourceImages:
    """The images of an opened source; `lines` say what was left out of them."""

    shards: tuple[ImageShard, ...] = ()
    faults: tuple[ImageFault, ...] = ()
    ids: Mapping[RowId, str] = field(default_factory=dict)
    absent: Mapping[str, str] = field(default_factory=dict)
    lines: tuple[str, ...] = ()
    unread: tuple[TableFault, ...] = ()


def images_of(opened: OpenedSource, table: Table, spec: DatasetSpec) -> SourceImages:
    """Lists the images: those of the manifest, those in the tables themselves, or else the files.

    Raises:
        SourceError: a folder cannot be listed.
    """
    if opened.manifest is not None:
        return SourceImages(opened.manifest.shards, opened.manifest.faults)
    shards = tuple(_shards_in(opened, table, spec.columns.image))
    if shards:
        return SourceImages(shards)
    if opened.root is None:
        return SourceImages(
            absent={"images": f"the dataset has no column '{spec.columns.image}' with the bytes of pictures"}
        )
    return _files_of(opened, opened.root, table)


def _shards_in(opened: OpenedSource, table: Table, column: str) -> Iterator[ImageShard]:
    """Shards of the pictures that stand in the tables themselves."""
    known: set[str] = set()
    img_ids = table.frame["img_id"].tolist() if "img_id" not in table.missing else []
    start = 0
    for one in opened.tables:
        ids = img_ids[start : start + one.rows]
        start += one.rows
        if ids and column in one.pictures:
            yield from one.pictures[column].shards(ids, known)


def _files_of(opened: OpenedSource, root: Path, table: Table) -> SourceImages:
    try:
        files = opened.files()
    except SourceError as error:
        if not opened.is_file:
            raise
        return SourceImages(absent={"images": str(error)})
    for folder, why in files.closed.items():
        if not opened.is_file or folder.partition("/")[0] in ("", IMAGES_NAME):
            raise SourceError(f"{root / folder}: cannot be listed ({why}). Give read permission.")
    listed = list_images(
        root,
        _row_ids(opened, table),
        files,
        only_named=opened.is_file,
        make_shard=None if opened.objects is None else opened.objects.shard,
    )
    lines = [f"{listed.matched:,} of {listed.asked:,} ids match a file"] if listed.asked else []
    if files.side_files:
        lines.append(f"{files.side_files:,} side files of operating systems were left out")
    lines += [
        f"{count:,} pictures {f'in {folder}/' if folder else 'beside the table'} were left out, which no row names"
        for folder, count in listed.ignored.items()
    ]
    if listed.shards:
        return SourceImages(listed.shards, listed.faults, listed.ids, {}, tuple(lines))
    unread = [*_unread_images(files), *_encoded_pictures(opened)]
    absent = unread[0].message if unread else "there are no images beside the table"
    return SourceImages(ids=listed.ids, absent={"images": absent}, lines=tuple(lines), unread=tuple(unread))


def _unread_images(files: ListedFiles) -> list[TableFault]:
    """Notes about what may hold the pictures, where none was found."""
    notes = [
        (place, "is a link that leads out of the dataset", "Put the folder itself there") for place in files.links_out
    ]
    packed = [place for place in files.others if Path(place).suffix.lower() in PACKED]
    notes += [(place, "is packed", "Unpack it") for place in packed[:20]]
    inside = [place for place in files.others if place.startswith(f"{IMAGES_NAME}/")]
    if inside and not packed:
        notes.append(
            (inside[0], f"is one of {len(inside):,} files of which none has an image's ending", "Look at them")
        )
    return [TableFault("unread_images", f"{place}: {what}", suggestion=advice) for place, what, advice in notes]


def _encoded_pictures(opened: OpenedSource) -> Iterator[TableFault]:
    """A note for every column of text that holds pictures as base64."""
    for table in opened.tables:
        for name in table.header:
            cells = table.columns.get(name) or ()
            first = next((cell for cell in cells[:_SCANNED_CELLS] if cell), None)
            if isinstance(first, str) and _ENCODED_PICTURE.match(first):
                yield TableFault(
                    "unread_images",
                    f"{table.place}: the column {name!r} holds pictures as base64 text; none was read",
                    column=name,
                    suggestion="Write each picture to a file, and its name into the column; or store them in Parquet",
                )


def _row_ids(opened: OpenedSource, table: Table) -> dict[RowId, None]:
    """Every id of the table once, with the folder of its part."""
    ids = table.frame["img_id"].tolist()
    found: dict[RowId, None] = {}
    start = 0
    for one in opened.tables:
        found |= dict.fromkeys((img_id, one.folder) for img_id in dict.fromkeys(ids[start : start + one.rows]))
        start += one.rows
    return found
