"""A Parquet file comes in; the same file, texts in its columns changed or rows left out, goes out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kvqa_audit.errors import OutputError, SourceError
from kvqa_audit.fixes.cell import Cell, Steps
from kvqa_audit.ingest.parquet import Parquet
from kvqa_audit.ingest.source_format import RawTable, Wanted
from kvqa_audit.spec.dataset_spec import Columns

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class WrittenParquet:
    """The file, and its table but for pictures."""

    source: Path
    tables: tuple[RawTable, ...]

    def write(self, path: Path, changed: Mapping[Steps, str], gone: Collection[Steps], kept: Collection[Steps]) -> None:
        """One row group after the other, with the file's own schema, metadata and compression."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        dropped = {row for row, _ in gone} - {row for row, _ in kept}
        try:
            with pq.ParquetFile(self.source) as file:
                schema, start = file.schema_arrow, 0
                with pq.ParquetWriter(path, schema, compression=_compression(file)) as writer:
                    for number in range(file.num_row_groups):
                        group = file.read_row_group(number)
                        rows = range(start, start + group.num_rows)
                        here = {(int(row) - start, str(name)): t for (row, name), t in changed.items() if row in rows}
                        mask = pa.array([row not in dropped for row in rows], pa.bool_())
                        writer.write_table(_with(group, here).filter(mask).cast(schema))
                        start = rows.stop
        except (OSError, pa.ArrowException) as error:
            raise OutputError(f"{path}: cannot be written: {str(error)[:200]}") from None


def _with(group: pa.Table, changed: Mapping[tuple[int, str], str]) -> pa.Table:
    import pyarrow as pa

    by_name: dict[str, dict[int, str]] = defaultdict(dict)
    for (row, name), text in changed.items():
        by_name[name][row] = text
    for name, texts in by_name.items():
        number = group.column_names.index(name)
        values = [texts.get(row, value) for row, value in enumerate(group.column(number).to_pylist())]
        group = group.set_column(number, group.field(number), pa.array(values, group.field(number).type))
    return group


def read_written_parquet(path: Path, place: str, columns: Columns) -> WrittenParquet:
    """Reads the columns of a file, and the ids of its pictures; what is no text in a column cannot be written.

    Raises:
        SourceError: a column cannot be read, or holds what pyarrow cannot write in parts.
    """
    import pyarrow.parquet as pq

    (table,) = Parquet().read(path, place, Wanted())
    for column in pq.read_schema(path):
        if _has_views(column.type):
            raise SourceError(
                f"{path}: the column {column.name!r} holds {column.type}, which cannot be written back. "
                "Store it without views, as string or binary."
            )
    texts: dict[str, Sequence[Any]] = {
        name: [Cell(value, place, (row, name)) if isinstance(value, str) else value for row, value in enumerate(values)]
        for name, values in table.columns.items()
    }
    others = (name for name in columns.text_columns if name not in texts)
    texts |= {name: values for name in others if (values := table.values(name)) is not None}
    return WrittenParquet(path, (replace(table, columns=texts),))


def _has_views(kind: pa.DataType) -> bool:
    import pyarrow as pa

    is_one = pa.types.is_binary_view(kind) or pa.types.is_string_view(kind)
    return is_one or any(_has_views(kind.field(place).type) for place in range(kind.num_fields))


def _compression(file: pa.parquet.ParquetFile) -> str:
    if not file.num_row_groups or not file.metadata.num_columns:
        return "zstd"
    used = str(file.metadata.row_group(0).column(0).compression).lower()
    return "none" if used == "uncompressed" else used
