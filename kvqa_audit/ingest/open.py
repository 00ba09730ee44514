"""A place comes in, whatever it is: folder, file or Hub id; the dataset found there goes out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from kvqa_audit.errors import SourceError
from kvqa_audit.ingest.dataset import Dataset, Table, TableFault
from kvqa_audit.ingest.find_tables import FoundTables, find_tables, format_of, read_file
from kvqa_audit.ingest.folder_in_a_column import may_share_names, with_folders
from kvqa_audit.ingest.image_folder import FolderShard, list_images
from kvqa_audit.ingest.image_ids import IMAGES_NAME, RowId
from kvqa_audit.ingest.lists_in_text import with_lists
from kvqa_audit.ingest.object_shard import ObjectShard
from kvqa_audit.ingest.object_url import is_remote
from kvqa_audit.ingest.opened_source import OpenedSource
from kvqa_audit.ingest.read_remote import read_remote
from kvqa_audit.ingest.source_format import RawTable, Wanted
from kvqa_audit.ingest.source_images import SourceImages, images_of
from kvqa_audit.ingest.table import empty_table, whole_table
from kvqa_audit.ingest.told_by_folders import ToldByFolders, told_by_folders
from kvqa_audit.spec.dataset_spec import DatasetSpec

SAVED = "saved"
_ACCEPTED = (
    "Accepted are: a folder with a table (CSV, TSV, JSON, JSON Lines, Parquet, or train/val/test files of these) and "
    f"its pictures, such as metadata.csv and {IMAGES_NAME}/; such a table as a file; a folder of pictures; a folder "
    "written by `datasets`' save_to_disk; a dataset of the Hub as hf://owner/name; and a folder, a table or, as "
    "manifest:URL, a list of pictures in object storage (s3://, gs://, az://, https://)."
)


def open_source(
    source: str, wanted: Wanted, *, revision: str | None = None, splits: Sequence[str] = (), offline: bool = False
) -> OpenedSource:
    """Finds out what the source is and reads its tables, without a description of them.

    Where a name of several images stands beside the column that tells the folder, the ids are paths.

    Args:
        source: a folder, a file, a dataset of the Hub (`hf://owner/name`), a URL in object storage, or a manifest
            (`manifest:` and a file or URL); a path is never taken for one of these.
        wanted: the columns to look for.
        revision: the revision of a Hub dataset.
        splits: of a Hub or saved dataset, the splits of which the first that exists is taken; otherwise all are.
        offline: of a Hub dataset, take only what was downloaded before; open no URL.

    Raises:
        SourceError: the source is none of the accepted kinds, or its tables cannot be read.
    """
    opened = _opened(source, wanted, revision=revision, splits=splits, offline=offline)
    opened = replace(opened, tables=tuple(map(with_lists, opened.tables)))
    if opened.root is None or opened.manifest is not None or any(table.pictures for table in opened.tables):
        return opened
    if opened.is_file and not may_share_names(opened.tables, wanted):
        return opened  # much else may lie around a file
    try:
        placed = with_folders(opened.tables, opened.files().images, wanted)
    except SourceError:
        return opened  # whoever needs the files will say so
    return opened if placed == opened.tables else replace(opened, tables=placed)


def _opened(source: str, wanted: Wanted, *, revision: str | None, splits: Sequence[str], offline: bool) -> OpenedSource:
    if is_remote(source):
        if offline:
            raise SourceError(f"{source}: lies in object storage, from which nothing is fetched unasked.")
        remote = read_remote(source, wanted)
        return OpenedSource(
            source,
            remote.found.kind,
            remote.objects.root,
            _of_split(remote.found, splits),
            remote.found.unread,
            is_file=remote.is_file,
            objects=remote.objects,
            manifest=remote.manifest,
        )
    path = Path(source)
    try:
        if path.is_dir():
            found = find_tables(path, wanted)
            return OpenedSource(source, found.kind, path, _of_split(found, splits), found.unread)
        if path.exists():
            found = read_file(path, path.name, wanted)
            return OpenedSource(source, found.kind, path.parent, found.tables, found.unread, is_file=True)
    except SourceError as error:
        raise error if _is_told(error) else SourceError(f"{error} {_ACCEPTED}") from None
    except (OSError, ValueError) as error:
        raise SourceError(f"{source}: cannot be opened ({error}). Check the path and its permissions.") from error
    return _open_hub(source, revision, splits, offline=offline)


def _is_told(error: SourceError) -> bool:
    """Whether the error is about a file's content, and not about what the file is."""
    return not str(error).endswith("is no kind of file that is read.")


def _of_split(found: FoundTables, splits: Sequence[str]) -> tuple[RawTable, ...]:
    if found.kind != SAVED:
        return found.tables
    by_name = {table.split: table for table in found.tables}
    return next(((by_name[name],) for name in splits if name in by_name), found.tables)


def _open_hub(source: str, revision: str | None, splits: Sequence[str], *, offline: bool) -> OpenedSource:
    from kvqa_audit.ingest.hub import hub_id, looks_like_hub_id, read_hub

    named = hub_id(source)
    if named is None:
        meant = f" For the dataset of the Hub write hf://{source}." if looks_like_hub_id(source) else ""
        raise SourceError(f"{source}: does not exist.{meant} {_ACCEPTED}")
    revision = revision or named.revision
    return OpenedSource(source, "hub", None, read_hub(named.repo, revision, splits, offline=offline), revision=revision)


def open_dataset(
    source: str,
    spec: DatasetSpec,
    *,
    revision: str | None = None,
    table_only: bool = False,
    images_only: bool = False,
    offline: bool = False,
    opened: OpenedSource | None = None,
) -> Dataset:
    """Finds out what the source is, reads its table, and lists its images without opening one.

    Args:
        source: as for `open_source`; what exists on disk comes first.
        spec: what the dataset is meant to be.
        revision: the revision of a Hub dataset.
        table_only: list no images; they are absent, and every check of them is skipped.
        images_only: do without the table where it cannot be read by the description.
        offline: of a Hub dataset, take only what was downloaded before.
        opened: the source, where it was opened already.

    Raises:
        SourceError: the source is none of the accepted kinds, or its table cannot be read at all.
    """
    try:
        splits = spec.hub.splits if spec.hub else ()
        opened = opened or open_source(source, Wanted(spec.columns), revision=revision, splits=splits, offline=offline)
        table = whole_table(opened.tables, spec.columns, source) if opened.tables else empty_table()
    except SourceError as error:
        path = Path(source)
        if not images_only or not path.is_dir():
            raise
        opened = OpenedSource(source, "images", path, (), (TableFault("unread_table", str(error)),))
        table = empty_table()
    table = replace(table, faults=(*table.faults, *opened.unread))
    try:
        found = SourceImages() if table_only else images_of(opened, table, spec)
    except (OSError, ValueError) as error:
        raise SourceError(f"{source}: cannot be opened ({error}). Check the path and its permissions.") from error
    absent = dict(found.absent)
    if table_only:
        absent["images"] = "only the table was asked for"
    if not opened.tables:
        if table_only or not found.shards:
            raise _nothing_in(source, opened, found)
        absent["table"] = "there is no table of questions and answers beside the images"
    folders = ToldByFolders()
    if not opened.tables:
        folders = told_by_folders(
            file for shard in found.shards if isinstance(shard, FolderShard | ObjectShard) for file in shard.files
        )
    table = _with_ids(replace(table, faults=(*table.faults, *found.unread)), opened, found.ids)
    return Dataset(
        source,
        opened.kind,
        table,
        found.shards,
        found.faults,
        opened.revision,
        absent,
        "; ".join([read_as(opened.tables, table.splits), *found.lines, *folders.said]),
        _places(opened.tables) if opened.root is not None else (),
        folders,
        opened.objects,
    )


def open_images(source: str, spec: DatasetSpec, row_ids: Collection[str], *, revision: str | None = None) -> Dataset:
    """Lists the images of a source whose table is known; a table that lies apart from them is not read again.

    Nothing is loaded from the Hub for it, whatever the source is called.

    Args:
        row_ids: the img_ids that stand in the audited table.

    Raises:
        SourceError: as for `open_dataset`.
    """
    path = Path(source)
    try:
        root = path if path.is_dir() else path.parent if path.is_file() else None
        if root is not None and format_of(root) is None:
            listed = list_images(root, [(img_id, "") for img_id in row_ids], only_named=not path.is_dir())
            if listed.matched or (not row_ids and listed.shards):
                return Dataset(source, "images", empty_table(), listed.shards, listed.faults)
    except (OSError, ValueError) as error:
        raise SourceError(f"{source}: cannot be opened ({error}). Check the path and its permissions.") from error
    return open_dataset(source, spec, revision=revision, offline=True)


def _places(tables: Sequence[RawTable]) -> tuple[str, ...]:
    """The files in which the rows stand, or a part of them."""
    return tuple(dict.fromkeys(place for one in tables for place in (one.place, *one.joined_with)))


def _with_ids(table: Table, opened: OpenedSource, ids: Mapping[RowId, str]) -> Table:
    """The table with each id in the one spelling that its image has."""
    if not ids:
        return table
    folders = [one.folder for one in opened.tables for _ in range(one.rows)]
    written = zip(table.frame["img_id"], folders, strict=True)
    frame = table.frame.assign(img_id=[ids.get(row_id, row_id[0]) for row_id in written])
    return replace(table, frame=frame)


def _nothing_in(source: str, opened: OpenedSource, found: SourceImages) -> SourceError:
    unread = [fault.message for fault in opened.unread]
    holds = "; ".join(unread[:10]) or "nothing that is read"
    if "images" in found.absent and not unread:
        places = [one.name for one in Path(source).iterdir()] if opened.objects is None else opened.objects.objects
        holds = _first_of(places) or "nothing"
    return SourceError(f"{source}: no dataset is in this folder; it holds: {holds}. {_ACCEPTED}")


def _first_of(names: Iterable[str]) -> str:
    names = sorted(names)
    return ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")


def read_as(tables: Sequence[RawTable], splits: Iterable[str]) -> str:
    """Which files the tables are, how they were read, and the splits of their rows, on one line."""
    places = list(dict.fromkeys(table.place for table in tables))
    if not places:
        return "no table"
    hows = list(dict.fromkeys(table.how for table in tables))
    named = ", ".join(places[:4]) + (f" and {len(places) - 4:,} more files" if len(places) > 4 else "")
    told = list(dict.fromkeys(filter(None, splits)))
    return f"{named} ({'; '.join(hows[:3])})" + (f", with the splits {', '.join(told[:6])}" if told else "")
