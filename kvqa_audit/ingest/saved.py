"""A folder written by `save_to_disk` comes in; its columns, and shards of its pictures, go out.

It is read as its own `state.json` says, and not with the library that wrote it: other files that lie there are copies
that transformations have left behind.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from kvqa_audit.errors import SourceError
from kvqa_audit.ingest.arrow_cells import cells_of
from kvqa_audit.ingest.arrow_columns import ArrowColumns, split_columns, type_faults
from kvqa_audit.ingest.dataset import ImageShard, RawImage
from kvqa_audit.ingest.image_place import ImagePlace, places_in_file
from kvqa_audit.ingest.packed_arrow import unpacked_bytes
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
from kvqa_audit.json_text import value_of_json
from kvqa_audit.regular_file import read_regular_file

if TYPE_CHECKING:
    import pyarrow as pa

SPLITS, STATE = "dataset_dict.json", "state.json"
_MAX_STATE_BYTES = 100_000_000
# Questions pack to a tenth or a thirtieth, pictures not at all; a bomb to a thousandth and less.
_MAX_UNPACKED_BYTES, _MAX_UNPACKED_RATIO = 256_000_000, 100


@dataclass(frozen=True, slots=True)
class ArrowShard:
    """Rows `start_row` onwards of one Arrow file; `ids` are the images given from there, `row_ids` the id of each row.

    A row that was left out of the dataset has the id "".
    """

    path: str
    name: str
    start_row: int
    row_ids: tuple[str, ...]
    ids: tuple[str, ...]
    image_column: str

    @property
    def local_paths(self) -> tuple[str, ...]:
        return (self.path,)

    def read(self) -> Iterator[RawImage]:
        """Reads the rows once, in small batches of the mapped file."""
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
        table = mapped(Path(self.path)).slice(self.start_row, len(self.row_ids))
        table = table.select([_place_of(table, self.image_column)])
        done = 0
        for batch in table.to_batches(max_chunksize=ROWS_PER_BATCH):
            yield self.start_row + done, self.row_ids[done : done + batch.num_rows], batch.column(0)
            done += batch.num_rows


class SavedFolder:
    """A folder written by `save_to_disk`: Arrow files, and what belongs to the dataset in `state.json`."""

    name = "saved"

    def recognises(self, path: Path) -> bool:
        return any((path / name).is_file() for name in (SPLITS, STATE))

    def read(self, path: Path, place: str, _wanted: Wanted) -> tuple[RawTable, ...]:
        """One table a split.

        Raises:
            SourceError: what the folder says of itself is not there, or cannot be read.
        """
        try:
            if (path / SPLITS).is_file():
                splits = value_of_json(read_regular_file(path / SPLITS, _MAX_STATE_BYTES))["splits"]
                return tuple(_split(path / _inside(name), f"{place}{name}", name) for name in splits)
            return (_split(path, place or path.name, ""),)
        except SourceError:
            raise
        except (OSError, ValueError, LookupError, TypeError) as error:
            raise _cannot_load(path, error) from error


class ArrowFiles(ArrowColumns):
    """The columns of Arrow files that belong together, of the rows `chosen` (in their order), or of all rows."""

    def __init__(self, paths: Sequence[Path], chosen: Sequence[int] | None = None) -> None:
        self.paths = tuple(paths)
        self.chosen = chosen
        self.schema = mapped(paths[0]).schema
        for path in paths[1:]:
            if not mapped(path).schema.equals(self.schema):
                raise SourceError(f"{path}: has other columns than {paths[0].name}. Save the dataset again.")
        self.header, pictures = split_columns(self.schema)
        records = [f"{name}.path" for name, layout in pictures.items() if layout == "record with path"]
        self.pictures = {name: ArrowPictures(self, name, layout) for name, layout in pictures.items()}
        super().__init__([*self.header, *records], self._column, str(paths[0].parent), self.pictures)
        self._records = frozenset(records)

    @property
    def rows(self) -> int:
        return sum(self.sizes()) if self.chosen is None else len(self.chosen)

    def __getitem__(self, name: str) -> Sequence[Any]:
        values = super().__getitem__(name)
        # Ids of pictures are those of the chosen rows already.
        return values if self.chosen is None or name not in self._names else [values[row] for row in self.chosen]

    def _column(self, name: str) -> pa.ChunkedArray:
        import pyarrow as pa

        is_record = name in self._records
        whole = name.removesuffix(".path") if is_record else name
        place = self.schema.names.index(whole)
        chunks = [chunk for path in self.paths for chunk in mapped(path).column(place).chunks]
        if is_record:
            chunks = [chunk.field("path") for chunk in chunks]
        kind = self.schema.field(place).type
        return pa.chunked_array(chunks, type=kind.field("path").type if is_record else kind)

    def sizes(self) -> list[int]:
        """The rows of each file."""
        return [mapped(path).num_rows for path in self.paths]


@dataclass(frozen=True, slots=True)
class ArrowPictures:
    """A column of pictures in Arrow files."""

    files: ArrowFiles
    column: str
    layout: PictureLayout

    def ids(self) -> list[str]:
        """Reads every picture once, in the mapped files."""
        import pyarrow as pa

        folder = self.files.paths[0].parent
        chunks = (chunk for path in self.files.paths for chunk in _chunks(path, self.column))
        try:
            ids = ids_of_pictures(chunks, self.layout, self.column, str(folder))
        except pa.ArrowException as error:
            raise _cannot_load(folder, error) from error
        return ids if self.files.chosen is None else [ids[row] for row in self.files.chosen]

    def shards(self, img_ids: Sequence[str], known: set[str]) -> tuple[ImageShard, ...]:
        """Cuts the files into runs of rows."""
        files, sizes = self.files, self.files.sizes()
        of_row = list(img_ids)
        if files.chosen is not None:
            of_row = [""] * sum(sizes)
            for img_id, row in zip(img_ids, files.chosen, strict=True):
                of_row[row] = img_id
        parts = list(_parts(of_row, sizes))
        carries = [_carries(path, self.column) for path in files.paths]
        pictured = {
            i
            for part, flags in zip(parts, carries, strict=True)
            for i, is_there in zip(part, flags, strict=True)
            if is_there
        }
        shards: list[ArrowShard] = []
        for number, (path, part, flags) in enumerate(zip(files.paths, parts, carries, strict=True)):
            # An id that has no picture in one file may have it in the next.
            here = [i if flag or i not in pictured else "" for i, flag in zip(part, flags, strict=True)]
            stops = [*range(ROWS_PER_BATCH, len(part), ROWS_PER_BATCH), len(part)]
            name = f"{number:05}-{path.name}"
            for start, stop, ids in ids_by_shard(here, flags, stops, known):
                shards.append(ArrowShard(str(path), name, start, tuple(part[start:stop]), ids, self.column))
        return tuple(shards) if pictured else ()


def _place_of(table: pa.Table, name: str) -> int:
    """Which column has this name: where several have it, the first, as in all formats."""
    place: int = table.schema.names.index(name)
    return place


def _chunks(path: Path, name: str) -> list[pa.Array]:
    table = mapped(path)
    chunks: list[pa.Array] = table.column(_place_of(table, name)).chunks
    return chunks


def _parts(values: Sequence[str], sizes: Sequence[int]) -> Iterator[Sequence[str]]:
    start = 0
    for size in sizes:
        yield values[start : start + size]
        start += size


def _carries(path: Path, column: str) -> list[bool]:
    return [flag for chunk in _chunks(path, column) for flag in rows_with_bytes(chunk)]


def _split(folder: Path, place: str, split: str) -> RawTable:
    state = value_of_json(read_regular_file(folder / STATE, _MAX_STATE_BYTES))
    files = [folder / _inside(file["filename"]) for file in state["_data_files"]]
    if not files:
        raise SourceError(f"{folder}: names no data file in {STATE}. Save the dataset again.")
    indices = [folder / _inside(file["filename"]) for file in state.get("_indices_data_files") or ()]
    chosen = [row for path in indices for row in cells_of(mapped(path).column(0), "indices", str(path))]
    there = range(sum(mapped(path).num_rows for path in files))
    for row in chosen:
        if type(row) is not int or row not in there:
            raise ValueError(f"row {str(row)[:100]} is asked for, of {len(there):,}")
    return arrow_table(files, place, split, "saved by `datasets`", chosen if indices else None)


def arrow_table(
    files: Sequence[Path], place: str, split: str, how: str, chosen: Sequence[int] | None = None
) -> RawTable:
    """The table in Arrow files that belong together.

    Raises:
        SourceError: a file is not there, or is none.
    """
    import pyarrow as pa

    try:
        columns = ArrowFiles(files, chosen)
        rows = columns.rows
    except (OSError, pa.ArrowException) as error:
        raise _cannot_load(files[0].parent, error) from error
    faults = type_faults(columns.schema, columns.header)
    return RawTable(place, how, columns.header, columns, rows, faults, split=split, pictures=columns.pictures)


def mapped(path: Path) -> pa.Table:
    """An Arrow stream or file, mapped into memory; what is packed in it is unpacked there.

    Raises:
        SourceError: it is no regular file, or unpacks to far more than it takes.
        pa.ArrowException, OSError: it is none, or damaged.
    """
    import pyarrow as pa

    check_file(path)
    with pa.memory_map(str(path)) as source:
        try:
            pa.ipc.open_stream(source)
            is_stream = True
        except pa.ArrowInvalid:
            pa.ipc.open_file(source)
            is_stream = False
        _refuse_bomb(unpacked_bytes(source, is_stream=is_stream), source.size(), path)
        source.seek(0)
        table = (pa.ipc.open_stream if is_stream else pa.ipc.open_file)(source).read_all()
    # Whether each value lies in the file is looked at where it is read.
    table.validate()
    return table


def _refuse_bomb(unpacks_to_bytes: int, size_bytes: int, path: Path) -> None:
    if unpacks_to_bytes > max(_MAX_UNPACKED_BYTES, _MAX_UNPACKED_RATIO * size_bytes):
        raise SourceError(
            f"{path}: unpacks from {size_bytes:,} to {unpacks_to_bytes:,} bytes at once, far more than questions, "
            "answers and pictures do. Save it without compression, or as Parquet."
        )


def _inside(name: str) -> str:
    """A name of a file or folder that leads nowhere else.

    Raises:
        ValueError: it does.
    """
    if not isinstance(name, str) or PurePath(name).is_absolute() or len(PurePath(name).parts) != 1 or name == "..":
        raise ValueError(f"{name!r} is no name of a file in the folder")
    return name


def _cannot_load(folder: Path, error: Exception) -> SourceError:
    said = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
    return SourceError(f"{folder}: `datasets` saved nothing here that can be loaded ({said}). Save the dataset again.")
