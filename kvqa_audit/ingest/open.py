"""A place comes in, whatever it is: folder, file or Hub id; the dataset found there goes out."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

from kvqa_audit.errors import SourceError
from kvqa_audit.ingest.dataset import Dataset, ImageFault, Table
from kvqa_audit.ingest.image_folder import FolderShard, list_image_folder
from kvqa_audit.ingest.table import empty_table, read_csv_table
from kvqa_audit.spec.dataset_spec import DatasetSpec

TABLE_NAME = "metadata.csv"
IMAGES_NAME = "images"
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", re.ASCII)
_SAVED = ("dataset_dict.json", "state.json", "dataset_info.json")
_ACCEPTED = (
    f"Accepted are: a folder with {TABLE_NAME} and {IMAGES_NAME}/, a .csv file, a .parquet file or a folder of them, "
    "a folder written by `datasets`' save_to_disk, and a Hub id owner/name."
)


def open_dataset(source: str, spec: DatasetSpec, *, revision: str | None = None, table_only: bool = False) -> Dataset:
    """Finds out what the source is, reads its table, and lists its images without opening one.

    Args:
        source: a folder, a file, or a Hub id `owner/name`; what exists on disk comes first.
        spec: what the dataset is meant to be.
        revision: the revision of a Hub id.
        table_only: list no images; they are absent, and every check of them is skipped.

    Raises:
        SourceError: the source is none of the accepted kinds, or its table cannot be read at all.
    """
    path = Path(source)
    try:
        if path.is_dir():
            return _open_folder(source, path, spec, table_only)
        if path.exists():
            return _open_file(source, path, spec, table_only)
    except (OSError, ValueError) as error:
        raise _cannot_be_opened(source, error) from error
    if _HUB_ID.fullmatch(source) and path.suffix.lower() not in (".csv", ".parquet"):
        return _open_hub(source, revision, spec, table_only)
    raise SourceError(f"{source}: does not exist. {_ACCEPTED}")


def open_images(source: str, spec: DatasetSpec, row_ids: Collection[str], *, revision: str | None = None) -> Dataset:
    """Lists the images of a source whose table is known; a table that lies apart from them is not read again.

    Args:
        row_ids: the img_ids that stand in the table.

    Raises:
        SourceError: as for `open_dataset`.
    """
    path = Path(source)
    try:
        if path.suffix.lower() == ".csv" and path.is_file():
            return _exported(source, path.parent, empty_table(), {}, table_only=False, row_ids=row_ids)
        if (path / TABLE_NAME).exists():
            return _exported(source, path, empty_table(), {}, table_only=False, row_ids=row_ids)
    except (OSError, ValueError) as error:
        raise _cannot_be_opened(source, error) from error
    return open_dataset(source, spec, revision=revision)


def _cannot_be_opened(source: str, error: Exception) -> SourceError:
    return SourceError(f"{source}: cannot be opened ({error}). Check the path and its permissions.")


def _open_folder(source: str, path: Path, spec: DatasetSpec, table_only: bool) -> Dataset:
    if (path / TABLE_NAME).exists():
        return _exported(source, path, read_csv_table(path / TABLE_NAME, spec.columns), {}, table_only)
    if any((path / name).is_file() for name in _SAVED):
        from kvqa_audit.ingest.hub import read_saved

        found = read_saved(path, spec.columns, spec.hub.splits if spec.hub else [], table_only=table_only)
        return Dataset(source, "saved", found.table, found.shards, absent=_without_images(found.images_absent))
    parquet = sorted(path.glob("*.parquet")) or sorted(path.glob("data/*.parquet"))
    if parquet:
        return _open_parquet(source, parquet, spec, table_only)
    if (path / IMAGES_NAME).is_dir() and not table_only:
        absent = {"table": f"there is no {TABLE_NAME} beside the images"}
        return _exported(source, path, empty_table(), absent, table_only)
    names = sorted(entry.name for entry in path.iterdir())
    found_names = ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")
    raise SourceError(f"{source}: no dataset is in this folder; it holds: {found_names or 'nothing'}. {_ACCEPTED}")


def _open_file(source: str, path: Path, spec: DatasetSpec, table_only: bool) -> Dataset:
    if path.suffix.lower() == ".csv":
        return _exported(source, path.parent, read_csv_table(path, spec.columns), {}, table_only)
    if path.suffix.lower() == ".parquet":
        return _open_parquet(source, [path], spec, table_only)
    raise SourceError(f"{source}: is no kind of file that is read. {_ACCEPTED}")


def _exported(
    source: str,
    root: Path,
    table: Table,
    absent: dict[str, str],
    table_only: bool,
    row_ids: Collection[str] | None = None,
) -> Dataset:
    row_ids = frozenset(table.frame["img_id"]) if row_ids is None else row_ids
    shards: tuple[FolderShard, ...] = ()
    faults: tuple[ImageFault, ...] = ()
    if table_only:
        absent = {**absent, "images": "only the table was asked for"}
    elif not (root / IMAGES_NAME).is_dir():
        absent = {**absent, "images": f"there is no folder {IMAGES_NAME}/ beside the table"}
    else:
        shards, faults = list_image_folder(root / IMAGES_NAME, root, row_ids)
    return Dataset(source, "exported", table, shards, faults, absent=absent)


def _open_parquet(source: str, paths: list[Path], spec: DatasetSpec, table_only: bool) -> Dataset:
    from kvqa_audit.ingest.parquet import read_parquet

    found = read_parquet(paths, spec.columns, table_only=table_only)
    return Dataset(source, "parquet", found.table, found.shards, absent=_without_images(found.images_absent))


def _open_hub(source: str, revision: str | None, spec: DatasetSpec, table_only: bool) -> Dataset:
    from kvqa_audit.ingest.hub import read_hub

    found = read_hub(source, revision, spec.columns, spec.hub.splits if spec.hub else [], table_only=table_only)
    absent = _without_images(found.images_absent)
    facts = {"splits": list(found.splits)}
    return Dataset(source, "hub", found.table, found.shards, revision=revision, absent=absent, facts=facts)


def _without_images(reason: str | None) -> dict[str, str]:
    return {} if reason is None else {"images": reason}
