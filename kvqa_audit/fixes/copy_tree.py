"""The folder of a dataset comes in; a copy without the removed images goes out, and the names of what was left."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from kvqa_audit.errors import OutputError, SourceError


@dataclass(frozen=True, slots=True)
class Removed:
    """The images that are left out: their ids, and where it is known their paths below the dataset."""

    ids: Collection[str]
    paths: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class TreeCopy:
    """What is copied from where, and what is not.

    Attributes:
        source: the folder of the dataset; nothing outside it is read.
        images: the folders of its images, in it, and images beside them. Links that lead out of the dataset stay links
            there, and are left elsewhere.
        removed: images that are left out.
        written: paths below the folder that are written anew.
        not_taken: names there that tell of the source alone.
        whole: everything is copied; else the images alone.
        link: the bytes of the images are shared with the source where that is possible.
    """

    source: Path
    images: Collection[Path]
    removed: Removed
    written: Collection[str] = ()
    not_taken: Collection[str] = ()
    whole: bool = True
    link: bool = False
    left: list[str] = field(default_factory=list)

    def write(self, target: Path, advance: Callable[[int], None]) -> tuple[str, ...]:
        """Copies into an empty folder and gives what was left, each with the reason, without what was removed.

        Raises:
            SourceError: something cannot be read.
            OutputError: the copy cannot be written.
        """
        roots = [self.source] if self.whole else sorted(self.images)
        paths = [path for root in roots for path in ([root] if root.is_file() else entries(root, self._is_entered))]
        self._make_sure_there_is_room(paths, target)
        for path in paths:
            place = target / path.relative_to(self.source)
            try:
                self._carry(path, place)
            except PermissionError as error:
                raise SourceError(f"{error.filename}: cannot be copied ({error.strerror}).") from None
            except OSError as error:
                told = f"{place}: cannot be written: {error.strerror}; make room, or name another --out"
                raise OutputError(told) from None
            if self._is_image(path) and not path.is_dir():
                advance(1)
        return tuple(self.left)

    def _make_sure_there_is_room(self, paths: Iterable[Path], target: Path) -> None:
        copied = (path for path in paths if not (self.link and self._is_image(path)))
        files = (path for path in copied if path.is_file() and (not path.is_symlink() or self._is_inside(path)))
        needed, free = sum(path.stat().st_size for path in files), shutil.disk_usage(target).free
        if needed > free:
            raise OutputError(
                f"{target.parent}: the copy needs {needed:,} bytes, and {free:,} are free; make room, or name another "
                "--out"
            )

    def _is_entered(self, folder: Path) -> bool:
        return not folder.name.startswith(".") or self._is_image(folder)

    def _is_image(self, path: Path) -> bool:
        return any(path.is_relative_to(folder) for folder in self.images)

    def _carry(self, path: Path, place: Path) -> None:
        if why := self._why_left(path):
            self.left.append(f"{path.relative_to(self.source)}: {why}")
        elif self._is_image(path) and not path.is_dir() and self._is_removed(path):
            return
        elif path.is_symlink() and (path.is_dir() or not self._is_inside(path)):
            place.parent.mkdir(parents=True, exist_ok=True)
            place.symlink_to(self._target(path))
        elif path.is_dir():
            place.mkdir(parents=True, exist_ok=True)
        elif path.relative_to(self.source).as_posix() not in self.written:
            place.parent.mkdir(parents=True, exist_ok=True)
            _copy(path, place, share=self.link and self._is_image(path))

    def _is_removed(self, path: Path) -> bool:
        """By its path, where that of every removed image is known, else by its name."""
        if len(self.removed.paths) == len(self.removed.ids):
            return path.relative_to(self.source).as_posix() in self.removed.paths
        return belongs_to(path, self.removed.ids)

    def _target(self, link: Path) -> str | Path:
        """Where the copy of a link leads: in the copy where it led inside the dataset, even to nothing there."""
        target = Path(os.path.realpath(link))
        if target.is_relative_to(os.path.realpath(self.source)):
            return os.path.relpath(target, os.path.realpath(link.parent))
        return link.parent.absolute() / link.readlink()

    def _why_left(self, path: Path) -> str:
        if path.name.startswith(".") and not self._is_image(path):
            return "hidden"
        if path.is_symlink() and not self._is_image(path) and not self._is_inside(path):
            return "a link out of the dataset"
        if not path.is_symlink() and not path.is_dir() and not path.is_file():
            return "neither a file nor a link"
        if path.parent == self.source and path.name in self.not_taken:
            return "tells of the source alone"
        return ""

    def _is_inside(self, path: Path) -> bool:
        """Whether a link leads to something in the dataset that is there."""
        try:
            return path.resolve(strict=True).is_relative_to(os.path.realpath(self.source))
        except (OSError, RuntimeError):
            return False


def entries(folder: Path, is_entered: Callable[[Path], bool] = lambda _: True) -> Iterator[Path]:
    """All that lies below a folder, by name, folders before what is in them; links are not entered."""
    waiting = [folder]
    while waiting:
        path = waiting.pop()
        if path != folder:
            yield path
        if path.is_dir() and (path == folder or not path.is_symlink()) and is_entered(path):
            try:
                waiting += sorted(path.iterdir(), reverse=True)
            except OSError as error:
                raise SourceError(f"{path}: cannot be listed ({error.strerror}).") from None


def image_files(folder: Path) -> Iterator[Path]:
    """All files below the folder, in the order of their paths; linked folders are not entered."""
    return (path for path in entries(folder) if not path.is_dir())


def belongs_to(path: Path, img_ids: Collection[str]) -> bool:
    """Whether a file is the picture of one of these images: its name, with or without the ending, is the id."""
    return path.stem in img_ids or path.name in img_ids


def _copy(path: Path, place: Path, *, share: bool) -> None:
    if share:
        try:
            place.hardlink_to(os.path.realpath(path))
        except OSError:
            share = False  # another file system, or one without links
    if not share:
        shutil.copyfile(path, place)
