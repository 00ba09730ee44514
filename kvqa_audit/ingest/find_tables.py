"""A folder comes in; its table of questions and answers, in whatever files, and what was left unread, go out."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path, PurePosixPath

from kvqa_audit.errors import SourceError
from kvqa_audit.ingest.dataset import TableFault
from kvqa_audit.ingest.formats import FORMATS
from kvqa_audit.ingest.joined import joined_tables
from kvqa_audit.ingest.parallel_lines import CELL_A_LINE, with_joined_lines
from kvqa_audit.ingest.side_files import SIDE_FOLDERS, is_side_file
from kvqa_audit.ingest.source_format import RawTable, SourceFormat, Wanted
from kvqa_audit.ingest.splits import split_of

# The table that a folder is known by: where it is there, it is the one.
TABLE_NAME = "metadata.csv"
MAX_DEPTH = 4
# More small files in sub-folders than this are notes about single pictures.
MAX_FILES = 200
PACKED = frozenset({".gz", ".zip", ".tar", ".tgz", ".bz2", ".xz", ".7z", ".rar", ".zst"})
# What this program puts beside a dataset.
_OURS = frozenset({"changes.csv", "proof.json", "decisions.csv", "audit.json", "findings.csv"})
_WHOLE = frozenset({"question", "answer"})


@dataclass(frozen=True)
class FoundTables:
    """The tables whose rows together are the dataset's, and a note for each possible table that was not read.

    `kind` is the name of the format.
    """

    kind: str
    tables: tuple[RawTable, ...]
    unread: tuple[TableFault, ...] = ()


def format_of(path: Path) -> SourceFormat | None:
    """The format that a file, or a folder that is one table, may be of."""
    return next((one for one in FORMATS if one.recognises(path)), None)


def read_file(path: Path, place: str, wanted: Wanted) -> FoundTables:
    """Reads a file that was named: the tables in it that hold questions and answers, or else the longest.

    Raises:
        SourceError: it is of no known format, cannot be read, or holds no table.
    """
    form = format_of(path)
    if form is None:
        raise SourceError(f"{path}: is no kind of file that is read.")
    read = form.read(path, place, wanted)
    if not any(table.header for table in read):
        raise SourceError(f"{path}: holds no table. Name a file with a header line, or a list of records.")
    chosen, others = _chosen(read, wanted)
    chosen = chosen or (max(read, key=lambda table: table.rows),)
    return FoundTables(form.name, chosen, tuple(_not_read(one, wanted) for one in others if _is_whole(one, wanted)))


def find_tables(root: Path, wanted: Wanted, locate: Callable[[str], Path] | None = None) -> FoundTables:
    """Looks for tables in the folder, and where it holds none, in its sub-folders.

    Args:
        root: the folder.
        wanted: the columns to look for.
        locate: gives the file to read for a path below the folder; None is the file at that path.

    Raises:
        SourceError: the folder's own table cannot be read, or there are tables and none of them can.
    """
    form = format_of(root)
    if form is not None:
        return FoundTables(form.name, form.read(root, "", wanted))
    locate = locate or partial(_inside, root)
    unread: list[TableFault] = []
    failed: list[SourceError] = []
    bare: list[RawTable] = []
    for places in _places_by_depth(root):
        if TABLE_NAME in places:
            found = read_file(locate(TABLE_NAME), TABLE_NAME, wanted)
            notes = (
                _note(place, f"was not read: {TABLE_NAME} is the table") for place in places if place != TABLE_NAME
            )
            return replace(found, unread=(*found.unread, *notes))
        candidates = [place for place in places if not _is_packed(place)]
        unread += [_note(place, "is packed; unpack it") for place in places if _is_packed(place)]
        if len(candidates) > MAX_FILES and not all(place.endswith(".parquet") for place in candidates):
            what = f"such as {candidates[0]}, were not read; more than {MAX_FILES} are notes about single pictures"
            unread.append(_note(f"{len(candidates):,} files", what))
            continue
        read, broken = _read_all(locate, candidates, wanted)
        chosen, others = _chosen([table for table in read if table.header], wanted)
        if chosen and _is_whole(chosen[0], wanted):
            used = {table.place for table in chosen}
            unread += [_not_read(one, wanted) for one in others if one.place not in used or _is_whole(one, wanted)]
            kind = next(one.name for one in FORMATS if one.recognises(Path(chosen[0].place)))
            return FoundTables(kind, chosen, (*unread, *(_note_of(error, root) for error in (*failed, *broken))))
        bare += read
        failed += broken
    if failed:
        raise failed[0] if len(failed) == 1 else SourceError("\n".join(map(str, failed[:20])))
    with_rows = [table for table in bare if table.rows and table.header]
    if len(with_rows) == 1:
        kind = next(one.name for one in FORMATS if one.recognises(Path(with_rows[0].place)))
        return FoundTables(kind, tuple(with_rows), tuple(unread))
    return FoundTables("images", (), (*unread, *(_not_read(table, wanted) for table in bare)))


def _is_whole(table: RawTable, wanted: Wanted) -> bool:
    return wanted.roles(table) >= _WHOLE


def _is_packed(place: str) -> bool:
    """Whether this is a packed table, by its name."""
    path = PurePosixPath(place)
    return path.suffix.lower() in PACKED and format_of(Path(path.stem)) is not None


def _places_by_depth(root: Path) -> Iterator[list[str]]:
    """The files that may be tables, packed ones too: in the folder, then in its sub-folders, then below these."""
    folders = [""]
    known: dict[str, bool] = {}
    for _ in range(MAX_DEPTH + 1):
        inner: list[str] = []
        places: list[str] = []
        for folder in folders:
            for name, is_folder in _entries(root, folder):
                ending = os.path.splitext(name)[1].lower()  # noqa: PTH122 - a Path for each of many files costs more
                if is_folder:
                    inner.append(f"{folder}{name}/")
                elif known.setdefault(ending, format_of(Path(f"file{ending}")) is not None) or _is_packed(name):
                    places.append(folder + name)
        yield sorted(places)
        folders = inner


def _entries(root: Path, folder: str) -> Iterator[tuple[str, bool]]:
    try:
        with os.scandir(root / folder) as entries:
            found = sorted((entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries)
    except OSError as error:
        if folder:
            return
        raise SourceError(f"{root}: cannot be listed ({error.strerror}). Give read permission.") from error
    for name, is_folder in found:
        if not name.startswith(".") and not is_side_file(name) and name not in SIDE_FOLDERS | _OURS:
            yield name, is_folder


def _inside(root: Path, place: str) -> Path:
    """The file, which no link may lead out of the folder.

    Raises:
        SourceError: one does.
    """
    path = root / place
    if path.is_symlink() and not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(root)):
        raise SourceError(f"{path}: is a link that leads out of the dataset. Name the file itself, or put it there.")
    return path


def _read_all(
    locate: Callable[[str], Path], places: Iterable[str], wanted: Wanted
) -> tuple[list[RawTable], list[SourceError]]:
    read: list[RawTable] = []
    failed: list[SourceError] = []
    for place in places:
        form = format_of(Path(place))
        try:
            tables = form.read(locate(place), place, wanted) if form is not None else ()
            if not tables and form is not None and form.name == "json":
                tables = (RawTable(place, form.name, (), {}, 0),)
        except SourceError as error:
            failed.append(error)
            continue
        read += [replace(table, folder=place.rpartition("/")[0]) for table in tables]
    try:
        read = with_joined_lines(read)
    except SourceError as error:
        failed.append(error)
        read = [table for table in read if not table.how.endswith(CELL_A_LINE)]
    return read, failed


def _chosen(read: Sequence[RawTable], wanted: Wanted) -> tuple[tuple[RawTable, ...], list[RawTable]]:
    """The tables that belong together, and the others.

    Those with questions and answers, joined where each has a part; of several, those whose names tell splits, or which
    are numbered parts of one, or are called the same in several folders; else the longest.
    """
    tables = joined_tables(read, wanted)
    usable = [table for table in tables if _is_whole(table, wanted)]
    if not usable and len(tables) == 1:
        usable = tables
    groups: dict[tuple[str, str], list[RawTable]] = defaultdict(list)
    for table in usable:
        path, split = PurePosixPath(table.place), _split(table)
        stem = "" if split else f"{re.sub(r'[0-9]+', '', path.stem)}#{table.part}"
        groups[path.suffix.lower(), stem].append(replace(table, split=split))
    best = max(groups.values(), key=_standing, default=[])
    names = {(table.place, table.part) for table in best}
    return tuple(best), [table for table in tables if (table.place, table.part) not in names]


def _split(table: RawTable) -> str:
    return table.split or split_of(table.place, table.part)


def _standing(group: Sequence[RawTable]) -> tuple[bool, int, int]:
    named = any(PurePosixPath(one.place).stem == "metadata" for one in group)
    splits = len({one.split for one in group if one.split})
    return named, splits if splits > 1 else 0, sum(one.rows for one in group)


def _not_read(table: RawTable, wanted: Wanted) -> TableFault:
    roles = wanted.roles(table)
    name = f"{table.place} ({table.part})" if table.part else table.place
    if roles >= _WHOLE:
        return _note(name, f"has {table.rows:,} rows of questions and answers, too; name the file to audit it")
    missing = " and ".join(f"no column of {role}s" for role in ("question", "answer") if role not in roles)
    return _note(name, f"was not read: it has {missing}")


def _note_of(error: SourceError, root: Path) -> TableFault:
    return TableFault("unread_table", str(error).removeprefix(f"{root}/"))


def _note(place: str, what: str) -> TableFault:
    return TableFault("unread_table", f"{place}: {what}", suggestion="Name it as the source, or move it elsewhere")
