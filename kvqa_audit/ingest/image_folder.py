"""A folder comes in; shards of references to its image files, and what is wrong with them as files, go out."""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from kvqa_audit.ingest.dataset import ImageFault, ImageShard, RawImage
from kvqa_audit.ingest.image_ids import IMAGES_NAME, IdMatches, RowId, match_exactly, match_ids, stem_of
from kvqa_audit.ingest.image_place import ImagePlace, stamp_of
from kvqa_audit.ingest.read_bytes import is_lfs_pointer
from kvqa_audit.ingest.side_files import SIDE_FOLDERS, is_side_file

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

    @property
    def local_paths(self) -> tuple[str, ...]:
        return (self.root,)

    def read(self) -> Iterator[RawImage]:
        """Opens the files one after the other; never raises for a single file."""
        root = Path(os.path.realpath(self.root))
        inside: dict[str, bool] = {}
        for img_id, relative in self.files:
            parent = os.path.dirname(relative)  # noqa: PTH120 - a call less for each of many files
            if parent not in inside:
                inside[parent] = Path(os.path.realpath(root / parent)).is_relative_to(root)
            if inside[parent]:
                yield _read(img_id, relative, root)
            else:
                yield RawImage(img_id, relative, b"", _OUTSIDE, _LED_OUT)

    def pick(self, ids: Collection[str]) -> Iterator[RawImage]:
        """Opens the files of these ids only."""
        wanted = tuple(file for file in self.files if file[0] in ids)
        return FolderShard(self.root, wanted).read()

    def places(self) -> dict[str, ImagePlace]:
        """Each file by its path."""
        root = os.path.abspath(self.root)  # noqa: PTH100 - links stay as they are
        stamps = ((img_id, relative, stamp_of(f"{root}/{relative}")) for img_id, relative in self.files)
        return {img_id: ImagePlace(f"{root}\0{relative}", stamp) for img_id, relative, stamp in stamps if stamp}


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
    if is_lfs_pointer(data):
        return RawImage(img_id, relative, data, "lfs_pointer", "is a pointer of Git LFS, not the picture")
    return RawImage(img_id, relative, data, *(("empty", "0 bytes") if not data else (None, None)))


@dataclass(frozen=True)
class ListedFiles:
    """The files below a folder, those of a folder before those of its sub-folders.

    `images` have an image's ending, `others` another one. `side_files` counts what operating systems left there.
    `links` are the files that are links, `links_out` links to folders outside, `closed` folders that cannot be listed.
    """

    images: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    side_files: int = 0
    links: frozenset[str] = frozenset()
    links_out: tuple[str, ...] = ()
    closed: Mapping[str, str] = field(default_factory=dict)


def list_files(root: Path) -> ListedFiles:
    """Lists all files below a folder; hidden folders are left out, and links to folders are not entered."""
    images: list[str] = []
    others: list[str] = []
    links: set[str] = set()
    links_out: list[str] = []
    closed: dict[str, str] = {}
    side_files = 0
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        try:
            with os.scandir(f"{root}/{folder}") as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            closed[folder.rstrip("/")] = error.strerror or str(error)
            continue
        inner: list[str] = []
        for entry in found:
            name, place = entry.name, folder + entry.name
            is_link = entry.is_symlink()
            if entry.is_dir(follow_symlinks=False):
                if name in SIDE_FOLDERS:
                    side_files += sum(len(files) for _, _, files in os.walk(entry.path))
                elif not name.startswith("."):
                    inner.append(f"{place}/")
            elif is_side_file(name):
                side_files += 1
            elif is_link and os.path.isdir(entry.path):  # noqa: PTH112 - a loop of links is none
                links_out += [] if _leads_inside(entry.path, root) else [place]
            elif os.path.splitext(name)[1].lower() in IMAGE_ENDINGS:  # noqa: PTH122 - a Path for each of many files
                images.append(place)
                links.update([place] if is_link else [])
            else:
                others.append(place)
                links.update([place] if is_link else [])
        waiting += reversed(inner)
    return ListedFiles(tuple(images), tuple(others), side_files, frozenset(links), tuple(links_out), closed)


def _leads_inside(path: str, root: Path) -> bool:
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(root))


@dataclass(frozen=True)
class ListedImages:
    """The images of a dataset as shards, and what is to be told about them.

    `ids` maps the ids of rows to those of their images, where they differ. `matched` of `asked` ids name a file.
    `ignored` maps top folders in which no row names an image to how many lie there.
    """

    shards: tuple[ImageShard, ...] = ()
    faults: tuple[ImageFault, ...] = ()
    ids: Mapping[RowId, str] = field(default_factory=dict)
    matched: int = 0
    asked: int = 0
    ignored: Mapping[str, int] = field(default_factory=dict)


def list_images(
    root: Path,
    row_ids: Iterable[RowId] = (),
    files: ListedFiles | None = None,
    *,
    only_named: bool = False,
    make_shard: Callable[[tuple[tuple[str, str], ...]], ImageShard] | None = None,
) -> ListedImages:
    """Gives every image file an id: that of the rows that name it, or else its name, or its path.

    A file with another ending than an image's is listed if a row names it. Where rows name images in some of the
    folders, the others are left out, but for `images`.

    Args:
        root: the dataset's folder.
        row_ids: the img_ids that stand in the table, each with the folder it may be meant from.
        files: what is below the folder, where that is known.
        only_named: leave out images of folders in which no row names one, even if rows name none at all.
        make_shard: makes a shard of pairs of id and path; None makes one of files of the folder.
    """
    make_shard = make_shard or partial(FolderShard, str(root))
    files = list_files(root) if files is None else files
    wanted = dict.fromkeys(row_id for row_id in row_ids if row_id[0].strip())
    matches = match_ids(wanted, files.images)
    rest = [row_id for row_id in wanted if row_id not in matches.files and row_id not in matches.several]
    if rest and files.others:
        matches = IdMatches({**match_exactly(rest, files.others), **matches.files}, matches.several, matches.near)
    used = set(matches.files.values())
    tops = {_top(path) for path in used} | {_top(path) for paths in matches.several.values() for path in paths}
    everything = not tops and not only_named
    kept = [p for p in files.images if everything or p in used or _top(p) in tops or _top(p) == IMAGES_NAME]
    if also := [path for path in files.others if path in used]:
        kept = sorted((*kept, *also))
    ids, spellings = _ids_of(kept, matches)
    chosen = tuple((ids[path], path) for path in kept)
    shards = tuple(
        make_shard(chosen[start : start + FILES_PER_SHARD]) for start in range(0, len(chosen), FILES_PER_SHARD)
    )
    faults = [*_several_files(matches), *_near_misses(matches, len(wanted)), *_outside(chosen, files, root)]
    left_out = Counter(_top(path) for path in set(files.images).difference(kept))
    return ListedImages(
        shards, tuple(faults), spellings, len(matches.files), len(wanted), dict(sorted(left_out.items()))
    )


def _top(path: str) -> str:
    return path.partition("/")[0] if "/" in path else ""


def _ids_of(paths: Sequence[str], matches: IdMatches) -> tuple[dict[str, str], dict[RowId, str]]:
    """Path → id, and the ids of rows that are written otherwise → id of the image.

    Rows from several tables may name different files in the same way; then the files' paths are the ids.
    """
    meant: dict[str, str] = {}
    unclear = {img_id for img_id, _ in matches.several}
    for (img_id, _), path in matches.files.items():
        if meant.setdefault(img_id, path) != path:
            unclear.add(img_id)
    ids: dict[str, str] = {}
    for (img_id, _), path in matches.files.items():
        ids.setdefault(path, path if img_id in unclear else img_id)
    others = {row_id: ids[path] for row_id, path in matches.files.items() if ids[path] != row_id[0]}
    taken = {*ids.values(), *meant, *unclear}
    free = [path for path in paths if path not in ids]
    for shorten in (lambda path: stem_of(path.rpartition("/")[2]), lambda path: path.rpartition("/")[2], str):
        counts = Counter(map(shorten, free))
        for path in free:
            short = shorten(path)
            if (counts[short] == 1 and short not in taken) or shorten is str:
                ids[path] = short
                taken.add(short)
        free = [path for path in free if path not in ids]
    return ids, others


def _several_files(matches: IdMatches) -> list[ImageFault]:
    return [
        ImageFault("two_files_for_one_id", f"{len(paths)} files have this id: {', '.join(paths[:20])}", img_id, paths)
        for (img_id, _), paths in matches.several.items()
    ]


def _near_misses(matches: IdMatches, asked: int) -> list[ImageFault]:
    faults = []
    for cause, found in matches.near.items():
        row_ids = sorted(found)  # however the rows are sorted
        first = row_ids[0]
        paths = tuple(matches.files[row_id] for row_id in row_ids)
        message = (
            f"{len(row_ids):,} of {asked:,} ids name their file but for {cause}: {first[0]!r} is taken for {paths[0]}"
        )
        faults.append(ImageFault("near_miss", message, first[0], paths))
    return faults


def _outside(files: tuple[tuple[str, str], ...], listed: ListedFiles, root: Path) -> list[ImageFault]:
    faults = [
        ImageFault(
            "outside_the_folder", f"{place}: is a link to a folder outside the dataset; it was not read", "", (place,)
        )
        for place in listed.links_out
    ]
    for img_id, relative in files:
        if relative in listed.links and not _leads_inside(f"{root}/{relative}", root):
            message = f"{relative}: is a link that leaves the dataset's folder; it was not read"
            faults.append(ImageFault("outside_the_folder", message, img_id, (relative,)))
    return faults
