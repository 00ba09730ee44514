"""A Parquet file comes in; the same file, texts in its columns changed or rows left out, goes out."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kvqa_audit.errors import OutputError
from kvqa_audit.ingest.field_path import as_text
from kvqa_audit.ingest.source_format import RawTable

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class WrittenParquet:
    """The file, and the cells of its columns but for pictures."""

    source: Path
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def write(self, path: Path, changed: Mapping[int, Mapping[int, str]], dropped: Collection[int]) -> None:
        """One row group after the other, with the file's own schema, metadata and compression."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            with pq.ParquetFile(self.source) as file:
                schema, start = file.schema_arrow, 0
                with pq.ParquetWriter(path, schema, compression=_compression(file)) as writer:
                    for number in range(file.num_row_groups):
                        group = file.read_row_group(number)
                        rows = range(start, start + group.num_rows)
                        here = {row - start: cells for row, cells in changed.items() if row in rows}
                        mask = pa.array([row not in dropped for row in rows])
                        writer.write_table(self._with(group, here).filter(mask).cast(schema))
                        start = rows.stop
        except (OSError, pa.ArrowException) as error:
            raise OutputError(f"{path}: cannot be written: {str(error)[:200]}") from None

    def _with(self, group: pa.Table, changed: Mapping[int, Mapping[int, str]]) -> pa.Table:
        import pyarrow as pa

        for place in {place for cells in changed.values() for place in cells}:
            number = group.column_names.index(self.header[place])
            values = group.column(number).to_pylist()
            for row, cells in changed.items():
                values[row] = cells.get(place, values[row])
            group = group.set_column(number, group.field(number), pa.array(values, group.field(number).type))
        return group


def read_written_parquet(path: Path, table: RawTable) -> WrittenParquet:
    """Reads the columns of a file; a column that holds no texts is there for comparing rows alone.

    Raises:
        SourceError: a column cannot be read.
    """
    names = tuple(dict.fromkeys(name for name in table.header if name in table.columns))
    cells = ([as_text(value) for value in table.columns[name]] for name in names)
    return WrittenParquet(path, names, tuple(zip(*cells, strict=True)))


def _compression(file: pa.parquet.ParquetFile) -> str:
    if not file.num_row_groups or not file.metadata.num_columns:
        return "zstd"
    used = str(file.metadata.row_group(0).column(0).compression).lower()
    return "none" if used == "uncompressed" else used
