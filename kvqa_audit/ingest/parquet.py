"""Parquet files in the Hub's layout come in; the text columns as a table, and shards of their pictures, go out."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kvqa_audit.errors import SourceError
from kvqa_audit.ingest.dataset import RawImage, Table, TableFault
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

SPLIT = "split"
_SPLIT_IN_NAME = re.compile(r"(.+)-\d{5}-of-\d{5}\.parquet")


@dataclass(frozen=True, slots=True)
class ParquetShard:
    """Some row groups of one Parquet file; `ids` are the images first met there, `start_row` the first row's number."""

    path: str
    name: str
    row_groups: tuple[int, ...]
    start_row: int
    ids: tuple[str, ...]
    id_column: str
    image_column: str

    def read(self) -> Iterator[RawImage]:
        """Reads the row groups once, in small batches."""
        return guarded(each_picture_once(self._rows(), self.ids, self.name), self.ids, self.name)

    def pick(self, ids: Collection[str]) -> Iterator[RawImage]:
        """Reads until these ids' pictures are found."""
        wanted = [img_id for img_id in self.ids if img_id in ids]
        return guarded(pick_pictures(self._rows(), wanted, self.name), wanted, self.name)

    def _rows(self) -> Iterator[PictureRow]:
        return picture_rows(self._batches())

    def _batches(self) -> Iterator[tuple[int, Any, Any]]:
        import pyarrow.parquet as pq

        with pq.ParquetFile(self.path) as file:
            kind = picture_kind(file.schema_arrow.field(self.image_column).type)
            columns = [self.id_column, f"{self.image_column}.bytes" if kind == "struct" else self.image_column]
            row = self.start_row
            for batch in file.iter_batches(ROWS_PER_BATCH, row_groups=list(self.row_groups), columns=columns):
                yield row, batch.column(self.id_column), batch.column(self.image_column)
                row += batch.num_rows


@dataclass(frozen=True)
class ParquetContent:
    """What Parquet files hold; `images_absent` is the reason where they hold no pictures."""

    table: Table
    shards: tuple[ParquetShard, ...]
    images_absent: str | None


def read_parquet(paths: Sequence[Path], columns: Columns, *, table_only: bool = False) -> ParquetContent:
    """Reads the text columns of all files, and lists the pictures without reading any.

    Args:
        paths: the files, in the order of their rows.
        columns: what the columns are called.
        table_only: list no picture.

    Raises:
        SourceError: a file is no Parquet, or has none of the known columns.
    """
    cells: dict[str, list[str]] = {role: [] for role in columns.text_columns.values()}
    faults: list[TableFault] = []
    split_by_name = _splits_by_name(paths)
    splits: list[str] = []
    found: set[str] = set()
    shards: list[ParquetShard] = []
    known_ids: set[str] = set()
    with_pictures = 0
    for path in paths:
        part, part_faults, layout = _read_part(path, columns)
        faults += [fault for fault in part_faults if fault not in faults]
        found |= part.keys()
        rows = layout.row_count
        for role, column in cells.items():
            column += part.get(role, [""] * rows)
        splits += part.get(SPLIT, [split_by_name.get(path, "")] * rows)
        if not table_only and layout.has_pictures and "img_id" in part:
            with_pictures += 1
            shards += _shards(path, layout, part["img_id"], known_ids, columns)
    held = {role: column for role, column in cells.items() if role in found}
    table = finished_table(dict(held), faults, splits)
    return ParquetContent(table, tuple(shards), None if with_pictures else _no_pictures(columns, table_only))


def _splits_by_name(paths: Sequence[Path]) -> dict[Path, str]:
    """File → split, where the files are named as on the Hub (train-00000-of-00001.parquet) and tell several."""
    named = {path: match[1] for path in paths if (match := _SPLIT_IN_NAME.fullmatch(path.name))}
    return named if len(set(named.values())) > 1 else {}


def _no_pictures(columns: Columns, table_only: bool) -> str:
    if table_only:
        return "only the table was asked for"
    return f"the Parquet data has no column '{columns.image}' with image bytes beside '{columns.img_id}'"


@dataclass(frozen=True, slots=True)
class _Layout:
    rows_of_group: tuple[int, ...]
    has_pictures: bool

    @property
    def row_count(self) -> int:
        return sum(self.rows_of_group)


def _read_part(path: Path, columns: Columns) -> tuple[dict[str, list[str]], list[TableFault], _Layout]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            schema = file.schema_arrow
            layout = column_layout(schema.names, columns, str(path))
            positions = layout.positions if layout.split is None else {**layout.positions, SPLIT: layout.split}
            names = [schema.names[position] for position in positions.values()]
            data = file.read(columns=names)
            groups = tuple(file.metadata.row_group(index).num_rows for index in range(file.num_row_groups))
    except (OSError, pa.ArrowException) as error:
        raise SourceError(f"{path}: cannot be read as Parquet ({str(error)[:200]}). Download it again.") from error
    cells, faults = text_cells({role: data.column(n) for role, n in zip(positions, names, strict=True)})
    faults = [*layout.faults, *(replace(f, message=f"{path.name}: {f.message}") for f in faults)]
    has = columns.image in schema.names and picture_kind(schema.field(columns.image).type) is not None
    return cells, faults, _Layout(groups, has)


def text_cells(data: dict[str, Any]) -> tuple[dict[str, list[str]], list[TableFault]]:
    """Role → Arrow column as role → texts, "" for nulls; a column of another type than text is a fault."""
    import pyarrow as pa

    faults = []
    for role, column in data.items():
        kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
        if not (pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_null(kind)):
            message = f"the column for '{role}' holds {kind}, not text; its cells were taken as they print"
            faults.append(TableFault("not_text", message, column=role, suggestion="Store the column as text"))
    return {role: id_texts(column) for role, column in data.items()}, faults


def _shards(
    path: Path, layout: _Layout, img_ids: Sequence[str], known: set[str], columns: Columns
) -> Iterator[ParquetShard]:
    """Cuts a file into runs of row groups with some hundred new ids each; `known` grows by the ids met."""
    groups: list[int] = []
    ids: list[str] = []
    start = row = 0
    for group, rows in enumerate(layout.rows_of_group):
        new = [i for i in dict.fromkeys(img_ids[row : row + rows]) if i.strip() and i not in known]
        known.update(new)
        groups.append(group)
        ids += new
        row += rows
        if len(ids) >= IDS_PER_SHARD or group == len(layout.rows_of_group) - 1:
            yield ParquetShard(str(path), path.name, tuple(groups), start, tuple(ids), columns.img_id, columns.image)
            groups, ids, start = [], [], row
