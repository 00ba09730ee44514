"""The ids of a table and the paths of image files come in; which file each id means, and how surely, goes out."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from urllib.parse import unquote

# An id as it stands in a table, and the folder (below the dataset's) from which it may be meant.
RowId = tuple[str, str]
IMAGES_NAME = "images"
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_DRIVE = re.compile(r"[A-Za-z]:[\\/]")
# A widespread naming of image files: words, then the image's number filled up to twelve digits.
_NUMBERED = re.compile(r"(?:.*_)?(\d{12})")
_DIGITS = re.compile(r"\d+")


@dataclass(frozen=True)
class IdMatches:
    """What the ids mean.

    `files` maps each id to the path of its file. `several` maps an id to the files among which it does not tell. `near`
    maps a cause (such as "upper and lower case") to the ids that name their file but for that.
    """

    files: Mapping[RowId, str]
    several: Mapping[RowId, tuple[str, ...]] = field(default_factory=dict)
    near: Mapping[str, tuple[RowId, ...]] = field(default_factory=dict)


def match_ids(row_ids: Iterable[RowId], paths: Sequence[str]) -> IdMatches:
    """Finds the file that each id means: by its path, by its name with or without the ending, or by the end of a path.

    A name that stands in several folders is no match, nor is a file's name alone where two ids of different folders
    end in it. What is left is compared without what copying between systems changes; see `NEAR`.

    Args:
        row_ids: each id once, with the folder of its table.
        paths: of the image files, below the dataset's folder, with slashes.
    """
    names = _Names(paths)
    files: dict[RowId, str] = {}
    several: dict[RowId, tuple[str, ...]] = {}
    loose: dict[str, list[tuple[RowId, _Parts]]] = defaultdict(list)
    left: list[RowId] = []
    for row_id in row_ids:
        path = names.exact(row_id)
        if path is not None:
            files[row_id] = path
            continue
        parts = _parts_of(row_id[0])
        found = names.by_the_end(parts)
        if len(found) == 1:
            loose[found[0]].append((row_id, parts))
        elif found:
            several[row_id] = found
        else:
            left.append(row_id)
    taken = set(files.values())
    near: dict[str, list[RowId]] = defaultdict(list)
    for path, claims in loose.items():
        if not _is_one_claim([parts for _, parts in claims], path, path in taken):
            left += [row_id for row_id, _ in claims]
            continue
        for row_id, parts in claims:
            files[row_id] = path
            if not parts.is_foreign and not _ends_alike(parts.steps, path.split("/")):
                near["the folder"].append(row_id)
    _match_nearly(left, names, files, near)
    return IdMatches(files, several, {cause: tuple(ids) for cause, ids in near.items()})


def match_exactly(row_ids: Iterable[RowId], paths: Sequence[str]) -> dict[RowId, str]:
    """The files that ids name by path, or by name with or without the ending, and no others."""
    names = _Names(paths)
    return {row_id: path for row_id in row_ids if (path := names.exact(row_id)) is not None}


@dataclass(frozen=True, slots=True)
class _Parts:
    """An id as a path: its steps, and whether it is a path or URL of another machine."""

    steps: tuple[str, ...]
    is_foreign: bool = False


def _parts_of(img_id: str) -> _Parts:
    text = img_id
    is_url = _URL.match(text) is not None
    if is_url:
        text = unquote(re.split(r"[?#]", text[text.index("://") + 3 :], maxsplit=1)[0])
    is_foreign = is_url or text.startswith(("/", "\\", "~")) or _DRIVE.match(text) is not None
    steps = tuple(step for step in re.split(r"[\\/]+", text) if step not in ("", ".", ".."))
    return _Parts(steps, is_foreign)


class _Index:
    """Paths by a key. Few keys have several paths, and a list for each of many files would keep the collector busy."""

    def __init__(self) -> None:
        self._first: dict[str, str] = {}
        self._all: dict[str, list[str]] = {}

    def add(self, key: str, path: str) -> None:
        first = self._first.setdefault(key, path)
        if first is not path:
            self._all.setdefault(key, [first]).append(path)

    def the_one(self, key: str) -> str | None:
        """The path of this key, if there is one, and one alone."""
        return None if key in self._all else self._first.get(key)

    def all(self, key: str) -> list[str]:
        """All paths of this key."""
        return self._all.get(key) or ([self._first[key]] if key in self._first else [])


class _Names:
    """Image files by path, by name, and by name without the ending."""

    def __init__(self, paths: Sequence[str]) -> None:
        self.paths = paths
        self.by_name, self.by_stem = _Index(), _Index()
        for path in paths:
            name = path.rpartition("/")[2]
            self.by_name.add(name, path)
            self.by_stem.add(stem_of(name), path)

    @cached_property
    def by_path(self) -> frozenset[str]:
        return frozenset(self.paths)

    @cached_property
    def by_stem_path(self) -> _Index:
        """The files by path without the ending."""
        found = _Index()
        for path in self.paths:
            folder, slash, name = path.rpartition("/")
            found.add(folder + slash + stem_of(name), path)
        return found

    def exact(self, row_id: RowId) -> str | None:
        """The file at the id's path, as seen from the table, from the dataset's folder, or from `images` in these."""
        img_id, base = row_id
        if not img_id.strip():
            return None
        # The common case first: a bare name that there is once.
        if "/" not in img_id and "\\" not in img_id and not base:
            found = self.by_name.the_one(img_id) or self.by_stem.the_one(img_id)
            if found is not None:
                return found
        wanted = "/".join(_parts_of(img_id).steps)
        folders = [f"{base}/{IMAGES_NAME}/", f"{base}/"] if base else []
        for folder in (*folders, f"{IMAGES_NAME}/", ""):
            if folder + wanted in self.by_path:
                return folder + wanted
        for folder in (*folders, f"{IMAGES_NAME}/", ""):
            if (found := self.by_stem_path.the_one(folder + wanted)) is not None:
                return found
        return None

    def by_the_end(self, parts: _Parts) -> tuple[str, ...]:
        """The files whose paths end as the id does, in as many steps as possible."""
        if not parts.steps:
            return ()
        found = self.by_name.all(parts.steps[-1]) or self.by_stem.all(parts.steps[-1])
        if len(found) < 2:
            return tuple(found)
        shared = [_shared_folders(parts.steps, path) for path in found]
        best = max(shared)
        return tuple(path for path, number in zip(found, shared, strict=True) if number == best)


def stem_of(name: str) -> str:
    """A file's name without its ending; a name that is an ending alone keeps it."""
    stem, dot, _ = name.rpartition(".")
    return stem if dot and stem.strip(".") else name


def _shared_folders(steps: Sequence[str], path: str) -> int:
    """How many folders right above the file an id and a path share."""
    folders = path.split("/")[:-1]
    count = 0
    for mine, theirs in zip(reversed(steps[:-1]), reversed(folders), strict=False):
        if mine != theirs:
            break
        count += 1
    return count


def _ends_alike(steps: Sequence[str], path: Sequence[str]) -> bool:
    """Whether one of two paths is the end of the other, names aside."""
    mine, theirs = list(steps[:-1]), list(path[:-1])
    shorter = min(len(mine), len(theirs))
    return not shorter or mine[-shorter:] == theirs[-shorter:]


def _is_one_claim(claims: Sequence[_Parts], path: str, is_taken: bool) -> bool:
    """Whether ids that end in a file's name all mean it: each is the end of the next, or of the file's own path."""
    folders = sorted((list(parts.steps[:-1]) for parts in claims), key=len)
    if is_taken:
        return all(_ends_alike([*one, ""], path.split("/")) for one in folders)
    return all(not one or two[-len(one) :] == one for one, two in pairwise(folders))


def _folded_case(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()


def _without_zeros(text: str) -> str:
    return _DIGITS.sub(lambda number: number[0].lstrip("0") or "0", _folded_case(text))


def _without_fraction(text: str) -> str:
    return re.sub(r"^(\d+)\.0+$", r"\1", text)


def _numbered(text: str) -> str:
    match = _NUMBERED.fullmatch(text)
    return match[1].lstrip("0") or "0" if match else text


# Cause → what makes the name of an id and that of a file equal where it is the cause; "" is no cause to be told.
NEAR: Mapping[str, tuple[Callable[[str], str], Callable[[str], str]]] = {
    "": (lambda text: text.lstrip("0") or "0" if text.isdecimal() else text, _numbered),
    "the Unicode normal form": (lambda text: unicodedata.normalize("NFC", text),) * 2,
    "upper and lower case": (_folded_case, _folded_case),
    "a fraction (.0)": (_without_fraction, lambda text: text),
    "the ending": (lambda text: stem_of(text), lambda text: text),
    "leading zeros": (lambda text: _without_zeros(_without_fraction(text)), _without_zeros),
    "the ending and upper and lower case": (lambda text: _folded_case(stem_of(text)), _folded_case),
}


def _match_nearly(left: Sequence[RowId], names: _Names, files: dict[RowId, str], near: dict[str, list[RowId]]) -> None:
    """Matches the ids that are left with the files that are left, where one of each is equal but for one cause."""
    waiting = {row_id: _parts_of(row_id[0]) for row_id in left if row_id[0].strip()}
    for cause, (of_id, of_file) in NEAR.items():
        if not waiting:
            break
        taken = set(files.values())
        free = [path for path in names.paths if path not in taken]
        for with_ending in (True, False) if cause != "the ending" else (False,):
            by_file: dict[str, list[str]] = defaultdict(list)
            for path in free:
                name = path.rpartition("/")[2]
                by_file[of_file(name if with_ending else stem_of(name))].append(path)
            by_id: dict[str, list[RowId]] = defaultdict(list)
            for row_id, parts in waiting.items():
                if parts.steps:
                    by_id[of_id(parts.steps[-1])].append(row_id)
            for key, row_ids in by_id.items():
                meant = _the_one(row_ids, by_file.get(key, ()), waiting)
                if meant is not None:
                    files |= dict.fromkeys(row_ids, meant)
                    near[cause] += row_ids
                    for row_id in row_ids:
                        del waiting[row_id]
    near.pop("", None)


def _the_one(row_ids: Sequence[RowId], paths: Sequence[str], parts: Mapping[RowId, _Parts]) -> str | None:
    """The one file that these ids mean, if they are one id, in one spelling or several of one path."""
    if len(paths) != 1 or not _is_one_claim([parts[row_id] for row_id in row_ids], paths[0], is_taken=False):
        return None
    return paths[0]
