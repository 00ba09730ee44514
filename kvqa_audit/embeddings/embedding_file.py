"""A Parquet file with a vector for each image id comes in; the vectors of the dataset's images go out."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kvqa_audit.embeddings.normalised import MAX_LENGTH, MIN_LENGTH, normalised
from kvqa_audit.errors import SourceError
from kvqa_audit.images.picture_vectors import PictureVectors
from kvqa_audit.ingest.arrow_cells import cells_of
from kvqa_audit.ingest.read_bytes import check_file

if TYPE_CHECKING:
    import pyarrow as pa

ID_COLUMN, VECTOR_COLUMN = "img_id", "vector"
MAX_NUMBERS = 1 << 28
_ROWS_PER_BATCH = 4_096
_FORM = f"Write a column {ID_COLUMN!r} of texts and a column {VECTOR_COLUMN!r} of lists of numbers, all of one length."


def read_embeddings(path: Path, img_ids: Collection[str]) -> tuple[PictureVectors, tuple[str, ...]]:
    """Reads the vectors of these images, made of length 1, and says in a sentence each what does not match.

    Raises:
        SourceError: the file cannot be read, is no Parquet, has not the two columns, more numbers than 2^28, vectors of
            several lengths, with gaps or numbers that are not finite, or an id twice.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    check_file(path)
    try:
        with pq.ParquetFile(path) as file:
            _check_columns(path, file)
            wanted, rows, found = set(img_ids), 0, _Found(path)
            for batch in file.iter_batches(_ROWS_PER_BATCH, columns=[ID_COLUMN, VECTOR_COLUMN]):
                found.add(rows, batch, wanted)
                rows += batch.num_rows
    except (OSError, pa.ArrowException) as error:
        raise SourceError(f"{path}: cannot be read as Parquet ({str(error)[:200]}). {_FORM}") from error
    if not found.rows_of:
        raise SourceError(
            f"{path}: none of its {rows:,} ids is an image of the dataset. Write the ids as the table has them."
        )
    ids = sorted(found.rows_of)
    vectors = np.concatenate(found.parts)[[found.rows_of[img_id] for img_id in ids]]
    return PictureVectors(tuple(ids), normalised(vectors)), _notes(path, len(wanted), len(ids), rows)


def _notes(path: Path, images: int, known: int, rows: int) -> tuple[str, ...]:
    notes = []
    if known < images:
        notes.append(f"{path.name} has no vector for {images - known:,} of {images:,} images; they are judged without.")
    if known < rows:
        notes.append(f"{rows - known:,} of the {rows:,} vectors in {path.name} are of no image of the dataset.")
    return tuple(notes)


def _check_columns(path: Path, file: Any) -> None:
    """Refuses what has not the two columns, or too much in them, by what the file says of itself."""

    schema, metadata = file.schema_arrow, file.metadata
    for name, fits, meant in ((ID_COLUMN, _is_text, "texts"), (VECTOR_COLUMN, _is_vector, "lists of numbers")):
        if schema.names.count(name) != 1:
            raise SourceError(f"{path}: has {schema.names.count(name)} columns named {name!r}. {_FORM}")
        kind: pa.DataType = schema.field(name).type
        if not fits(kind):
            raise SourceError(f"{path}: column {name!r} holds {str(kind)[:100]}, not {meant}. {_FORM}")
    columns = [metadata.schema.column(number).path.split(".")[0] for number in range(metadata.num_columns)]
    numbers = sum(
        metadata.row_group(group).column(columns.index(VECTOR_COLUMN)).num_values
        for group in range(metadata.num_row_groups)
    )
    if numbers > MAX_NUMBERS:
        raise SourceError(
            f"{path}: holds {numbers:,} numbers; at most {MAX_NUMBERS:,} are read. Write shorter vectors, or those "
            "of this dataset's images alone."
        )


def _is_text(kind: pa.DataType) -> bool:
    import pyarrow as pa

    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _is_vector(kind: pa.DataType) -> bool:
    import pyarrow as pa

    lists = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)
    return any(is_one(kind) for is_one in lists) and bool(pa.types.is_floating(kind.value_type))


class _Found:
    """The vectors found so far, and the row of each wanted id among them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.parts: list[np.ndarray[Any, Any]] = []
        self.rows_of: dict[str, int] = {}
        self._kept = 0
        self._length: int | None = None
        self._seen: set[str] = set()

    def add(self, before: int, batch: pa.RecordBatch, wanted: Collection[str]) -> None:
        """Takes in the rows that come after `before` others."""
        import pyarrow as pa

        ids, column = cells_of(pa.chunked_array([batch.column(0)]), ID_COLUMN, str(self.path)), batch.column(1)
        lengths = np.asarray(column.value_lengths().fill_null(-1).to_numpy(zero_copy_only=False))
        self._length = self._length or int(lengths[0])
        if not MIN_LENGTH <= self._length <= MAX_LENGTH:
            length = max(0, self._length)
            raise self._at(before, f"has a vector of {length:,} numbers, not {MIN_LENGTH} to {MAX_LENGTH:,}")
        if (odd := np.flatnonzero(lengths != self._length)).size:
            length = int(lengths[odd[0]])
            said = "no vector" if length < 0 else f"a vector of {length:,} numbers"
            raise self._at(before + int(odd[0]), f"has {said}, and the first row one of {self._length:,}")
        values = column.flatten().fill_null(float("nan")).to_numpy(zero_copy_only=False)
        vectors = np.asarray(values, np.float32).reshape(-1, self._length)
        for row, img_id in enumerate(ids):
            if img_id is None or img_id in self._seen:
                raise self._at(before + row, "has no id" if img_id is None else f"repeats the id {img_id[:100]!r}")
            self._seen.add(img_id)
        if (odd := np.flatnonzero(~np.isfinite(vectors).all(axis=1))).size:
            raise self._at(before + int(odd[0]), "has a number that is missing or not finite")
        kept = [row for row, img_id in enumerate(ids) if img_id in wanted]
        self.rows_of.update({ids[row]: self._kept + place for place, row in enumerate(kept)})
        self.parts.append(vectors[kept])
        self._kept += len(kept)

    def _at(self, row: int, problem: str) -> SourceError:
        return SourceError(f"{self.path}: row {row:,} {problem}. {_FORM}")
