"""A Parquet file comes in; its columns, each read when it is asked for, and shards of its pictures, go out."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

from kvqa_audit.errors import SourceError
from kvqa_audit.ingest.arrow_cells import refuse_long_cells
from kvqa_audit.ingest.arrow_columns import ArrowColumns, split_columns, type_faults
from kvqa_audit.ingest.dataset import ImageShard, RawImage
from kvqa_audit.ingest.image_place import ImagePlace, places_in_file
from kvqa_audit.ingest.pictures import (
    ROWS_PER_BATCH,
    PictureLayout,
    PictureRow,
    each_picture_once,
    guarded,
    ids_by_shard,
    ids_of_pictures,
    pick_pictures,
    picture_rows,
    rows_with_bytes,
)
from kvqa_audit.ingest.read_bytes import check_file
from kvqa_audit.ingest.source_format import RawTable, Wanted

_NESTED_ROWS_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class ParquetShard:
    """Some row groups of one Parquet file; `ids` are the images given from there, `row_ids` the id of each row."""

    path: str
    name: str
    row_groups: tuple[int, ...]
    start_row: int
    row_ids: tuple[str, ...]
    ids: tuple[str, ...]
    image_column: str
    layout: PictureLayout

    @property
    def local_paths(self) -> tuple[str, ...]:
        return (self.path,)

    def read(self) -> Iterator[RawImage]:
        """Reads the row groups once, in small batches."""
        return guarded(each_picture_once(self._rows(), self.ids, self.name), self.ids, self.name)

    def pick(self, ids: Collection[str]) -> Iterator[RawImage]:
        """Reads until these ids' pictures are found."""
        wanted = [img_id for img_id in self.ids if img_id in ids]
        return guarded(pick_pictures(self._rows(), wanted, self.name), wanted, self.name)

    def places(self) -> dict[str, ImagePlace]:
        """Every image changes with the file, and with the ids of its rows."""
        return places_in_file(self.path, self.image_column, self.row_ids, self.ids)

    def _rows(self) -> Iterator[PictureRow]:
        return picture_rows(self._batches())

    def _batches(self) -> Iterator[tuple[int, Any, Any]]:
        import pyarrow.parquet as pq

        done = 0
        with pq.ParquetFile(self.path) as file:
            column = self.image_column if self.layout == "bytes" else f"{self.image_column}.bytes"
            for batch in file.iter_batches(ROWS_PER_BATCH, row_groups=list(self.row_groups), columns=[column]):
                yield self.start_row + done, self.row_ids[done : done + batch.num_rows], batch.column(0)
                done += batch.num_rows


class Parquet:
    """Parquet files, such as those of the Hub, with or without the pictures in them."""

    name = "parquet"

    def recognises(self, path: Path) -> bool:
        return path.suffix.lower() == ".parquet"

    def read(self, path: Path, place: str, _wanted: Wanted) -> tuple[RawTable, ...]:
        """Reads the file's schema; each column is read when it is asked for, and no picture is.

        Raises:
            SourceError: the file is no Parquet.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        check_file(path)
        try:
            with pq.ParquetFile(path) as file:
                schema, rows = file.schema_arrow, file.metadata.num_rows
                leaves = {file.metadata.schema.column(place).path for place in range(file.metadata.num_columns)}
                flat = leaves.intersection(schema.names)
        except (OSError, pa.ArrowException) as error:
            raise _unreadable(path, error) from error
        names, pictures = split_columns(schema)
        paths = [f"{name}.path" for name, layout in pictures.items() if layout == "record with path"]

        def load(name: str) -> pa.ChunkedArray:
            try:
                # One text of many rows takes its place once, as in the file: unpacked, it may not fit into memory.
                with pq.ParquetFile(path, read_dictionary=flat & {name}) as file:
                    refuse_long_cells(_unpacked_bytes(file.metadata, name), file.metadata.num_rows, name, str(path))
                    column = file.read(columns=[name]).column(0) if name in flat else _nested(file, name, str(path))
            except (OSError, pa.ArrowException) as error:
                advice = "Download the file again, or store the column as text in UTF-8."
                said = str(error)[:200]
                raise SourceError(
                    f"{path}: the column {name!r} cannot be read as Parquet ({said}). {advice}"
                ) from error
            if name not in paths:
                return column
            return pa.chunked_array([c.field("path") for c in column.chunks], column.type.field("path").type)

        held = {name: ParquetPictures(str(path), name, layout) for name, layout in pictures.items()}
        columns = ArrowColumns([*names, *paths], load, str(path), held)
        return (RawTable(place, "Parquet", names, columns, rows, type_faults(schema, names), pictures=held),)


@dataclass(frozen=True, slots=True)
class ParquetPictures:
    """A column of pictures in a Parquet file."""

    path: str
    column: str
    layout: PictureLayout

    def ids(self) -> list[str]:
        """Reads every picture once, in small batches."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            with pq.ParquetFile(self.path) as file:
                batches = file.iter_batches(ROWS_PER_BATCH, columns=[self.column])
                arrays = (batch.column(0) for batch in batches)
                return ids_of_pictures(arrays, self.layout, self.column, self.path)
        except (OSError, pa.ArrowException) as error:
            raise _unreadable(Path(self.path), error) from error

    def shards(self, img_ids: Sequence[str], known: set[str]) -> tuple[ImageShard, ...]:
        """Cuts the file into runs of row groups."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            with pq.ParquetFile(self.path) as file:
                rows_of_group = [file.metadata.row_group(group).num_rows for group in range(file.num_row_groups)]
                carries = _carries(file, self.column, self.layout)
        except (OSError, pa.ArrowException) as error:
            raise _unreadable(Path(self.path), error) from error
        if carries is not None and not any(carries):
            return ()
        stops = list(accumulate(rows_of_group))
        name = Path(self.path).name
        shards = []
        for start, stop, ids in ids_by_shard(img_ids, carries, stops, known):
            groups = tuple(group for group, end in enumerate(stops) if start < end <= stop)
            row_ids = tuple(img_ids[start:stop])
            shards.append(ParquetShard(self.path, name, groups, start, row_ids, ids, self.column, self.layout))
        return tuple(shards)


def _unreadable(path: Path, error: Exception) -> SourceError:
    return SourceError(f"{path}: cannot be read as Parquet ({str(error)[:200]}). Download it again.")


def _unpacked_bytes(metadata: Any, column: str) -> int:
    """The bytes of a column and all below it once unpacked, each value of a dictionary once."""
    groups = [metadata.row_group(group) for group in range(metadata.num_row_groups)]
    chunks = (group.column(place) for group in groups for place in range(group.num_columns))
    return sum(one.total_uncompressed_size for one in chunks if f"{one.path_in_schema}.".startswith(f"{column}."))


def _nested(file: Any, name: str, where: str) -> Any:
    """A column with others below it, which cannot be read as a dictionary: part by part, as long as it is no bomb."""
    import pyarrow as pa

    parts, size_bytes = [], 0
    for batch in file.iter_batches(_NESTED_ROWS_AT_ONCE, columns=[name]):
        size_bytes += batch.nbytes
        refuse_long_cells(size_bytes, file.metadata.num_rows, name, where)
        parts.append(batch.column(0))
    return pa.chunked_array(parts, parts[0].type if parts else file.read(columns=[name]).column(0).type)


def _carries(file: Any, column: str, layout: PictureLayout) -> list[bool] | None:
    """Whether each row carries bytes; None where the file says of itself that all do, and then no picture is read."""
    metadata = file.metadata
    field = column if layout == "bytes" else f"{column}.bytes"
    place = next((n for n in range(metadata.num_columns) if metadata.schema.column(n).path == field), None)
    if place is not None:
        told = [metadata.row_group(group).column(place).statistics for group in range(metadata.num_row_groups)]
        if all(statistics is not None and statistics.null_count == 0 for statistics in told):
            return None
    return [
        flag
        for batch in file.iter_batches(ROWS_PER_BATCH, columns=[field])
        for flag in rows_with_bytes(batch.column(0))
    ]
