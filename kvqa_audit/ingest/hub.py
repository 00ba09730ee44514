"""A Hub id or a `save_to_disk` folder comes in; its text columns, and shards of its pictures, go out.

The only door to the library `datasets`.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kvqa_audit.errors import SourceError
from kvqa_audit.ingest.dataset import RawImage, Table
from kvqa_audit.ingest.parquet import SPLIT, text_cells
from kvqa_audit.ingest.pictures import (
    IDS_PER_SHARD,
    ROWS_PER_BATCH,
    PictureRow,
    each_picture_once,
    guarded,
    id_texts,
    pick_pictures,
    picture_kind,
    picture_rows,
)
from kvqa_audit.ingest.table import column_layout, finished_table
from kvqa_audit.spec.dataset_spec import Columns


@dataclass(frozen=True, slots=True)
class ArrowShard:
    """Rows `start_row` to before `stop_row` of one Arrow file; `ids` are the images first met there."""

    path: str
    name: str
    start_row: int
    stop_row: int
    ids: tuple[str, ...]
    id_column: str
    image_column: str

    def read(self) -> Iterator[RawImage]:
        """Reads the rows once, in small batches of the mapped file."""
        return guarded(each_picture_once(self._rows(), self.ids, self.name), self.ids, self.name)

    def pick(self, ids: Collection[str]) -> Iterator[RawImage]:
        """Reads until these ids' pictures are found."""
        wanted = [img_id for img_id in self.ids if img_id in ids]
        return guarded(pick_pictures(self._rows(), wanted, self.name), wanted, self.name)

    def _rows(self) -> Iterator[PictureRow]:
        return picture_rows(self._batches())

    def _batches(self) -> Iterator[tuple[int, Any, Any]]:
        table = _mapped(self.path).select([self.id_column, self.image_column])
        row = self.start_row
        for batch in table.slice(row, self.stop_row - row).to_batches(max_chunksize=ROWS_PER_BATCH):
            yield row, batch.column(0), batch.column(1)
            row += batch.num_rows


@dataclass(frozen=True)
class HubContent:
    """What `datasets` found; `images_absent` is the reason where there are no pictures."""

    table: Table
    shards: tuple[ArrowShard, ...]
    images_absent: str | None
    splits: tuple[str, ...]


def read_saved(folder: Path, columns: Columns, splits: Sequence[str], *, table_only: bool = False) -> HubContent:
    """Reads a folder written by `save_to_disk`, without any connection.

    Raises:
        SourceError: the folder cannot be loaded.
    """
    datasets = _datasets(offline=True)
    try:
        loaded = datasets.load_from_disk(str(folder))
    except Exception as error:
        raise SourceError(f"{folder}: `datasets` cannot load it ({_said(error)}). Save the dataset again.") from error
    return _content(loaded, str(folder), columns, splits, table_only)


def read_hub(
    repo: str,
    revision: str | None,
    columns: Columns,
    splits: Sequence[str],
    *,
    table_only: bool = False,
    cache_dir: Path | None = None,
) -> HubContent:
    """Loads a dataset from the Hub, or from a local folder with the same files, at one revision.

    Args:
        repo: `owner/name`, or a local folder.
        revision: a commit, a tag or a branch; None is the default branch.
        columns: what the columns are called.
        splits: names of the split to take, the first that exists; otherwise all splits are put together.
        table_only: list no picture.
        cache_dir: where `datasets` keeps its files; None is its own place.

    Raises:
        SourceError: it cannot be loaded.
    """
    datasets = _datasets(offline=Path(repo).is_dir())
    try:
        loaded = datasets.load_dataset(repo, revision=revision, cache_dir=str(cache_dir) if cache_dir else None)
    except Exception as error:
        at = f" at revision {revision}" if revision else ""
        raise SourceError(
            f"{repo}{at}: cannot be loaded from the Hub ({_said(error)}). "
            "Check the id, the revision and the connection, or name a local copy."
        ) from error
    return _content(loaded, repo, columns, splits, table_only)


def _datasets(*, offline: bool) -> Any:
    # Both are read when the library is imported. Without them it looks hosts up even for local files.
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    before = os.environ.get("HF_HUB_OFFLINE")
    if offline:
        os.environ["HF_HUB_OFFLINE"] = "1"
    try:
        import datasets
    finally:
        if before is None:
            os.environ.pop("HF_HUB_OFFLINE", None)
    datasets.disable_progress_bars()
    return datasets


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"


def _content(loaded: Any, where: str, columns: Columns, splits: Sequence[str], table_only: bool) -> HubContent:
    import pyarrow as pa

    names, parts = _chosen(loaded, splits)
    files = [(Path(file["filename"])) for part in parts for file in part.cache_files]
    schema = parts[0].data.table.schema
    layout = column_layout(schema.names, columns, where)
    faults = list(layout.faults)
    data = {}
    positions = layout.positions if layout.split is None else {**layout.positions, SPLIT: layout.split}
    for role, position in positions.items():
        column = [part.data.table.column(schema.names[position]) for part in parts]
        data[role] = pa.chunked_array([chunk for one in column for chunk in one.chunks], type=column[0].type)
    cells, cell_faults = text_cells(data)
    splits = cells.pop(SPLIT, []) or _splits_of_rows(names, parts)
    table = finished_table(dict(cells), faults + cell_faults, splits)
    absent = _images_absent(schema, columns, table_only)
    shards = () if absent else tuple(_shards(files, columns))
    return HubContent(table, shards, absent, names)


def _splits_of_rows(names: Sequence[str], parts: Sequence[Any]) -> list[str]:
    """The split each row was read from; nothing where it was one alone."""
    return [name for name, part in zip(names, parts, strict=True) for _ in range(len(part))] if len(parts) > 1 else []


def _chosen(loaded: Any, splits: Sequence[str]) -> tuple[tuple[str, ...], list[Any]]:
    """The split the description names, or else all there are, in the order they are given."""
    if not isinstance(loaded, dict):
        return (str(loaded.split or ""),), [_in_file_order(loaded)]
    named = [name for name in splits if name in loaded][:1] or list(loaded)
    return tuple(named), [_in_file_order(loaded[name]) for name in named]


def _in_file_order(part: Any) -> Any:
    return part.flatten_indices() if part._indices is not None else part


def _images_absent(schema: Any, columns: Columns, table_only: bool) -> str | None:
    if table_only:
        return "only the table was asked for"
    names = schema.names
    if columns.img_id not in names or columns.image not in names:
        return f"the dataset has no column '{columns.image}' beside '{columns.img_id}'"
    kind = picture_kind(schema.field(columns.image).type)
    return None if kind else f"the column '{columns.image}' holds no image bytes"


def _mapped(path: str) -> Any:
    import pyarrow as pa

    with pa.memory_map(path) as source:
        return pa.ipc.open_stream(source).read_all()


def _shards(files: Sequence[Path], columns: Columns) -> Iterator[ArrowShard]:
    known: set[str] = set()
    for number, path in enumerate(files):
        name = f"{number:05}-{path.name}"
        ids: list[str] = []
        start = row = 0
        for img_id in id_texts(_mapped(str(path)).column(columns.img_id)):
            if img_id.strip() and img_id not in known:
                if len(ids) == IDS_PER_SHARD:
                    yield ArrowShard(str(path), name, start, row, tuple(ids), columns.img_id, columns.image)
                    ids, start = [], row
                known.add(img_id)
                ids.append(img_id)
            row += 1
        yield ArrowShard(str(path), name, start, row, tuple(ids), columns.img_id, columns.image)
