"""The nouns of ingest: a table as text with its faults, references to images that open their bytes, and both."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from kvqa_audit.ingest.image_place import ImagePlace
from kvqa_audit.ingest.told_by_folders import ToldByFolders
from kvqa_audit.model import ImageFingerprint

if TYPE_CHECKING:
    import hashlib

    import pandas as pd

ROLES = ("source", "question", "answer", "img_id")
# The answers that one question accepts, each with how often it was given (or its weight), most often first.
Accepted = tuple[tuple[str, float], ...]
REPEATED = "repeated"


@dataclass(frozen=True, slots=True)
class TableFault:
    """Something wrong with the table as a file.

    `kind` is one of: missing_column, extra_column, repeated_column, no_rows, not_utf8, other_encoding, not_text,
    nul_byte, oversized_cell, ragged_row, unclosed_quote, not_a_record, repeated_key, not_joined, unread_table,
    unread_images. `row` is the 0-based row and `line` the 1-based line of the file, where there is one.
    """

    kind: str
    message: str
    row: int | None = None
    line: int | None = None
    column: str | None = None
    suggestion: str | None = None


def repeated_column(name: str, count: int) -> TableFault:
    """The fault of so many columns of one name."""
    message = f"The column {name!r} stands {count} times in the header; the first one was read"
    return TableFault("repeated_column", message, column=name, suggestion=f"Keep one column {name!r}")


@dataclass(frozen=True)
class Table:
    """The table, all cells text.

    `frame` has exactly the columns source, question, answer, img_id (the roles, whatever the file calls them), an
    index 0…rows-1 that is the row number used everywhere, and "" where a cell is empty or null. `missing` names the
    roles the file has no column for; their cells are "". `splits` names each row's split, and is empty where the
    dataset has none. `accepted` holds each row's accepted answers, and is empty where every row has one answer.
    `groups` names what each row's image comes from, and is empty where no column tells.
    `categories` are the columns that the description does not judge (`other`), as far as they hold few values.
    """

    frame: pd.DataFrame
    faults: tuple[TableFault, ...] = ()
    missing: tuple[str, ...] = ()
    splits: tuple[str, ...] = ()
    accepted: tuple[Accepted, ...] = ()
    groups: tuple[str, ...] = ()
    categories: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def add_cells_to(self, digest: hashlib._Hash) -> None:
        """Feeds a digest with all cells in order, their lengths included."""
        for column in self.frame.columns:
            cells = [cell.encode("utf-8", "surrogatepass") for cell in self.frame[column]]
            digest.update(f"{column} {len(cells)} {' '.join(map(str, map(len, cells)))}\n".encode())
            digest.update(b"".join(cells))


@dataclass(frozen=True, slots=True)
class RawImage:
    """The bytes of one image as found; where they cannot be read `problem` and `detail` are set and `data` is empty.

    The problem `REPEATED` is none of the image's: where every row carries its picture, a shard gives an id's picture
    once and, after all its images, the SHA-256 of every other picture it met under an id in `detail`.
    `settle_repeats` takes these out again.
    """

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

    @property
    def local_paths(self) -> tuple[str, ...]:
        """The files and folders that have to be there, under these names, wherever it is read."""
        ...

    def read(self) -> Iterator[RawImage]:
        """Opens the images one after the other; never raises for a single image.

        First one for each of `ids`, in that order; then, where pictures repeat, those with the problem `REPEATED`.
        """
        ...

    def pick(self, ids: Collection[str]) -> Iterator[RawImage]:
        """Opens the images of these ids only, and none that the shard does not hold."""
        ...

    def places(self) -> dict[str, ImagePlace]:
        """Image id → where its bytes are now, for the images that can be told unchanged without being read."""
        ...


@dataclass(frozen=True, slots=True)
class ImageFault:
    """Something wrong with the images as files.

    `kind` is one of: two_files_for_one_id, two_pictures_for_one_id, outside_the_folder, near_miss.
    """

    kind: str
    message: str
    img_id: str
    paths: tuple[str, ...] = ()


@dataclass(frozen=True)
class Dataset:
    """One dataset as found at one place.

    `shards` together name every image once. `absent` says, for parts that are not there (`images`, `table`), why.
    `reader` says on one line what was read and how. `tables` are the files of the table, below the source's folder.
    `folders` has what folders tell of images that have no table. `lasts` is what has to last as long as the shards.
    """

    location: str
    kind: str
    table: Table
    shards: tuple[ImageShard, ...] = ()
    image_faults: tuple[ImageFault, ...] = ()
    revision: str | None = None
    absent: Mapping[str, str] = field(default_factory=dict)
    reader: str = ""
    tables: tuple[str, ...] = ()
    folders: ToldByFolders = field(default_factory=ToldByFolders)
    lasts: object = None

    def read_images(self, ids: Iterable[str]) -> Iterator[RawImage]:
        """Opens some images again, each at most once; ids that no shard holds are left out."""
        wanted = set(ids)
        for shard in self.shards:
            held = wanted.intersection(shard.ids)
            if held:
                wanted -= held
                yield from shard.pick(held)


def settle_repeats(
    fingerprints: Iterable[ImageFingerprint],
) -> tuple[tuple[ImageFingerprint, ...], tuple[ImageFault, ...]]:
    """Takes the `REPEATED` entries out, and makes those that show another picture than their id's first a fault."""
    images: list[ImageFingerprint] = []
    repeats: list[ImageFingerprint] = []
    for fingerprint in fingerprints:
        (repeats if fingerprint.problem == REPEATED else images).append(fingerprint)
    first = {image.img_id: image for image in images}
    others: dict[str, dict[str | None, str]] = {}
    for repeat in repeats:
        if repeat.img_id not in first or repeat.detail != first[repeat.img_id].sha256:
            others.setdefault(repeat.img_id, {}).setdefault(repeat.detail, repeat.path)
    faults = []
    for img_id, found in sorted(others.items()):
        paths = (*((first[img_id].path,) if img_id in first else ()), *sorted(found.values()))
        message = f"{len(paths)} different pictures have this id: {', '.join(paths)}"
        faults.append(ImageFault("two_pictures_for_one_id", message, img_id, paths))
    return tuple(images), tuple(faults)
