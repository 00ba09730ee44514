"""A folder of image files comes in; shards of references to them, and what is wrong with them as files, go out."""

from __future__ import annotations

import os
import stat
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from kvqa_audit.errors import SourceError
from kvqa_audit.ingest.dataset import ImageFault, RawImage

IMAGE_ENDINGS = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".gif", ".webp", ".bmp", ".tif", ".tiff", ".jp2", ".j2k", ".avif"}
    | {".heic", ".heif", ".ppm", ".pgm", ".pnm", ".dcm"}
)
FILES_PER_SHARD = 64
MAX_FILE_BYTES = 200 * 1024 * 1024
_OUTSIDE, _LED_OUT = "outside_the_folder", "a link leads out of the dataset; not read"


@dataclass(frozen=True, slots=True)
class FolderShard:
    """Some image files: `files` pairs the img_id with the path below `root`, which nothing may leave."""

    root: str
    files: tuple[tuple[str, str], ...]

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(img_id for img_id, _ in self.files)

    def read(self) -> Iterator[RawImage]:
        """Opens the files one after the other; never raises for a single file."""
        root = Path(self.root).resolve()
        inside: dict[str, bool] = {}
        for img_id, relative in self.files:
            parent = os.path.dirname(relative)  # noqa: PTH120 - a call less for each of many files
            if parent not in inside:
                inside[parent] = (root / parent).resolve().is_relative_to(root)
            if inside[parent]:
                yield _read(img_id, relative, root)
            else:
                yield RawImage(img_id, relative, b"", _OUTSIDE, _LED_OUT)

    def pick(self, ids: Collection[str]) -> Iterator[RawImage]:
        """Opens the files of these ids only."""
        wanted = tuple(file for file in self.files if file[0] in ids)
        return FolderShard(self.root, wanted).read()


def _read(img_id: str, relative: str, root: Path) -> RawImage:
    path = f"{root}/{relative}"
    try:
        found = os.lstat(path)
        if stat.S_ISLNK(found.st_mode):
            if not Path(path).resolve(strict=True).is_relative_to(root):
                return RawImage(img_id, relative, b"", _OUTSIDE, _LED_OUT)
            found = os.stat(path)  # noqa: PTH116 - a call less for each of many files
        if not stat.S_ISREG(found.st_mode):
            return RawImage(img_id, relative, b"", "not_readable", "is not a regular file")
        if found.st_size > MAX_FILE_BYTES:
            detail = f"{found.st_size:,} bytes; at most {MAX_FILE_BYTES:,}"
            return RawImage(img_id, relative, b"", "too_large", detail)
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - as above
            data = file.readall()
    except FileNotFoundError:
        return RawImage(img_id, relative, b"", "missing", "the file, or what a link points to, is not there")
    except (OSError, RuntimeError) as error:
        return RawImage(img_id, relative, b"", "not_readable", getattr(error, "strerror", None) or str(error))
    return RawImage(img_id, relative, data, *(("empty", "0 bytes") if not data else (None, None)))


def list_image_folder(
    folder: Path, root: Path, row_ids: Collection[str]
) -> tuple[tuple[FolderShard, ...], tuple[ImageFault, ...]]:
    """Lists all images below a folder, sub-folders included; the img_id is the file's name without its ending.

    A file with another ending than an image's is listed if a row names it, and left out otherwise. Of two files for
    one id the first by path is taken; that, and links that leave `root`, are faults.

    Args:
        folder: where the images are.
        root: the dataset's folder; paths are given below it.
        row_ids: the img_ids that stand in the table.
    """
    files: dict[str, list[str]] = defaultdict(list)
    # A name with a dot of its own ("a.b" for a.b.jpg or for the file a.b) is matched whole only if a row says so.
    for relative, name in _walk(folder, root):
        stem, ending = os.path.splitext(name)  # noqa: PTH122 - Path.stem keeps the ending of ".jpg"
        is_image = ending.lower() in IMAGE_ENDINGS
        img_id = name if name in row_ids and stem not in row_ids else stem
        if is_image or img_id in row_ids:
            files[img_id].append(relative)
    chosen = tuple((img_id, paths[0]) for img_id, paths in files.items())
    shards = tuple(
        FolderShard(str(root), chosen[start : start + FILES_PER_SHARD])
        for start in range(0, len(chosen), FILES_PER_SHARD)
    )
    faults = [
        ImageFault("two_files_for_one_id", f"{len(paths)} files have this id: {', '.join(paths)}", img_id, tuple(paths))
        for img_id, paths in files.items()
        if len(paths) > 1
    ]
    return shards, (*faults, *_outside(chosen, root))


def _walk(folder: Path, root: Path) -> Iterator[tuple[str, str]]:
    """All files below the folder (path below root, name) in the order of their paths; linked folders are left out."""

    def refuse(error: OSError) -> None:
        raise SourceError(f"{error.filename}: cannot be listed ({error.strerror}). Give read permission.") from error

    for where, folders, names in os.walk(folder, onerror=refuse):
        folders.sort()
        below_root = Path(where).relative_to(root).as_posix()
        for name in sorted(names):
            yield (name if below_root == "." else f"{below_root}/{name}"), name


def _outside(files: tuple[tuple[str, str], ...], root: Path) -> list[ImageFault]:
    resolved = root.resolve()
    faults = []
    for img_id, relative in files:
        if os.path.islink(f"{root}/{relative}"):  # noqa: PTH114 - a Path for each of many files costs more than the call
            try:
                inside = (root / relative).resolve().is_relative_to(resolved)
            except (OSError, RuntimeError):
                inside = True
            if not inside:
                message = f"{relative}: is a link that leaves the dataset's folder; it was not read"
                faults.append(ImageFault("outside_the_folder", message, img_id, (relative,)))
    return faults
