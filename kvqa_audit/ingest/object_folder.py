"""The URL of a prefix comes in; its listing, its tables as files of this machine and its pictures as shards go out."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Collection
from pathlib import Path, PurePosixPath

from kvqa_audit.errors import SourceError
from kvqa_audit.ingest.find_tables import MAX_DEPTH, PACKED, format_of
from kvqa_audit.ingest.image_folder import IMAGE_ENDINGS, ListedFiles
from kvqa_audit.ingest.object_shard import ObjectImage, ObjectShard
from kvqa_audit.ingest.object_store import TABLE_SECONDS, ObjectError, ObjectFact, list_objects, open_object
from kvqa_audit.ingest.object_url import last_name, shown
from kvqa_audit.ingest.read_bytes import MAX_TABLE_BYTES
from kvqa_audit.ingest.side_files import SIDE_FOLDERS, is_side_file

# Parquet and Arrow are read in parts, all else whole.
_READ_IN_PARTS = frozenset({".parquet", ".arrow"})
_KEPT_FREE_BYTES = 1 << 30


class ObjectFolder:
    """What lies below a URL. `root` is a folder of this machine that stands for it, and ends with this object.

    There each object but pictures has an empty file in its place, until `fetched` copies it.

    Args:
        url: of the prefix.
    """

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        folder = tempfile.mkdtemp(prefix="kvqa-audit-")
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        # Called like the place it stands for, because a dataset's name may come from it.
        name = last_name(self.url)
        self.root = Path(folder, "data" if name in ("", "..") else name)
        self._here: set[str] = set()
        self._objects: dict[str, ObjectFact] | None = None

    @property
    def objects(self) -> dict[str, ObjectFact]:
        """Path below the URL → what the listing says of the object, in the order in which a folder is listed.

        Raises:
            SourceError: they cannot be listed, or there are none.
        """
        if self._objects is None:
            listed = list_objects(self.url)
            folders = {str(parent) for place in listed for parent in PurePosixPath(place).parents}
            # An empty object in the place of a folder is what some programs leave there.
            found = {place: fact for place, fact in listed.items() if fact.size_bytes or place not in folders}
            self._objects = dict(sorted(found.items(), key=lambda one: _as_listed(one[0])))
        if not self._objects:
            raise SourceError(
                f"{shown(self.url)}: holds no object. Check the URL, and that the credentials may list it."
            )
        return self._objects

    def sketch(self) -> None:
        """Puts an empty file in the place of each object that may be a table or belong to one.

        Raises:
            SourceError: they cannot be listed.
        """
        for place in ("", *filter(_may_be_of_a_table, self.objects)):
            target = self.root / place
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                (target.touch if place else target.mkdir)()
            except OSError as error:
                raise SourceError(
                    f"{self.url}/{place}: cannot be a file ({error.strerror}). Rename or move the object."
                ) from None

    def fetched(self, place: str) -> Path:
        """The file of an object, fetched where it is not here yet.

        Raises:
            SourceError: it cannot be had, or does not fit.
        """
        target = self.root / place
        if place not in self._here:
            url = f"{self.url}/{place}"
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                self._fetch(url, target)
            except ObjectError as error:
                raise SourceError(
                    f"{url}: cannot be fetched: {error.detail}. Check the URL and the credentials in the environment."
                ) from None
            except OSError as error:
                raise SourceError(f"{url}: cannot be kept in {self.root.parent}: {error.strerror}.") from None
            self._here.add(place)
        return target

    def _fetch(self, url: str, target: Path) -> None:
        opened = open_object(url, TABLE_SECONDS)
        size = opened.fact.size_bytes
        if size > MAX_TABLE_BYTES and target.suffix.lower() not in _READ_IN_PARTS:
            raise SourceError(f"{url}: has {size:,} bytes; at most {MAX_TABLE_BYTES:,} are read. Save it as Parquet.")
        free = max(shutil.disk_usage(self.root.parent).free - _KEPT_FREE_BYTES, 0)
        if size > free:
            raise SourceError(
                f"{url}: has {size:,} bytes, and {free:,} may be used in {self.root.parent}. "
                "Name a folder with more space in TMPDIR."
            )
        with target.open("wb") as file:
            for chunk in opened.chunks():
                file.write(chunk)

    def fetch(self, places: Collection[str]) -> None:
        """Fetches all of these.

        Raises:
            SourceError: as for `fetched`.
        """
        for place in places:
            self.fetched(place)

    def files(self) -> ListedFiles:
        """All objects, as a folder's files.

        Raises:
            SourceError: they cannot be listed.
        """
        images: list[str] = []
        others: list[str] = []
        side_files = 0
        for place in self.objects:
            *folders, name = place.split("/")
            if SIDE_FOLDERS.intersection(folders) or is_side_file(name):
                side_files += 1
            elif not any(folder.startswith(".") for folder in folders):
                (images if PurePosixPath(name).suffix.lower() in IMAGE_ENDINGS else others).append(place)
        return ListedFiles(tuple(images), tuple(others), side_files)

    def shard(self, files: tuple[tuple[str, str], ...]) -> ObjectShard:
        """References to the pictures at these paths, each with its id."""
        return ObjectShard(self.url, tuple(ObjectImage(one, place, self.objects[place]) for one, place in files))


def _may_be_of_a_table(place: str) -> bool:
    path = PurePosixPath(place)
    if len(path.parents) > MAX_DEPTH + 1 or not _is_path(place):
        return False
    ending = path.suffix.lower()
    return ending in _READ_IN_PARTS | PACKED or format_of(Path(f"file{ending}")) is not None


def _is_path(place: str) -> bool:
    """Whether a key is a path below a folder that stays there."""
    return all(step not in ("", ".", "..") and "\0" not in step for step in place.split("/"))


def _as_listed(place: str) -> tuple[list[str], str]:
    *folders, name = place.split("/")
    return folders, name
