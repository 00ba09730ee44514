"""A large Parquet table comes in; one file with its rows goes out, sorted so that all rows of an image are in one part.

DuckDB sorts it out of core, with a bound on its memory; a part is then read by itself.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kvqa_audit.errors import OutputError, SourceError
from kvqa_audit.ingest.dataset import Table, TableFault
from kvqa_audit.ingest.parquet import Parquet
from kvqa_audit.ingest.source_format import RawTable, Wanted
from kvqa_audit.ingest.table import column_layout, finished_table
from kvqa_audit.spec.dataset_spec import Columns

if TYPE_CHECKING:
    import duckdb
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

ROWS_A_PART = 100_000
# What is counted over a whole table is kept in memory.
MAX_CELLS = 200_000
MAX_CELL_BYTES = 100_000_000
_COUNTED = ("source", "question", "answer")
_ROWS_A_GROUP = 50_000
# What `str.strip` takes for blank: rows whose ids differ in it alone belong to one image.
_BLANK = "".join(chr(code) for code in range(sys.maxunicode + 1) if chr(code).isspace())


@dataclass(frozen=True, slots=True)
class TableInParts:
    """A sorted copy of a table.

    `rows_file` has the columns row (0-based, of the table), part, written (how many rows have the row's question and
    answer as they are written), split and those of the roles that the table has, which are `roles`. `digest` changes
    with the table and with how it is parted. `faults` are those of the file.
    """

    rows_file: Path
    digest: str
    rows: int
    parts: int
    roles: tuple[str, ...]
    faults: tuple[TableFault, ...]


@dataclass(frozen=True)
class Part:
    """Some rows of a table, all those of their images; a row of `table` is the row `rows[…]` of the whole table.

    `written` maps question and answer, as they are written, to the number of their rows in the whole table.
    """

    table: Table
    rows: NDArray[np.int64]
    written: Mapping[tuple[str, str], int]


def part_table(
    path: Path, columns: Columns, folder: Path, memory_mb: int, rows_a_part: int = ROWS_A_PART
) -> TableInParts:
    """Sorts a table into a file in `folder`; one that an earlier call left there is taken as it is.

    Args:
        path: one Parquet file, with text in the columns that are read.
        columns: what the columns are called.
        memory_mb: how much memory may be used; the rest goes to files in `folder`.
        rows_a_part: about how many rows belong to a part; those of one image are never parted.

    Raises:
        SourceError: it cannot be read in parts.
        OutputError: the folder cannot be written.
    """
    import pyarrow.parquet as pq

    raw = _header(path)
    layout = column_layout(replace(raw, columns=dict.fromkeys(raw.columns, ()), rows=0), columns, str(path))
    names = {role: name for name, role in columns.text_columns.items() if role in layout.columns}
    if layout.split is not None:
        names["split"] = columns.split
    _make_sure_it_is_text(path, raw, names)
    parts = max(1, -(-raw.rows // rows_a_part))
    digest = _digest(path, names, parts)
    rows_file = folder / f"rows-{digest}.parquet"
    if not rows_file.exists():
        _sort(path, names, parts, rows_file, memory_mb)
    with pq.ParquetFile(rows_file) as file:
        rows = file.metadata.num_rows
    roles = tuple(role for role in names if role != "split")
    return TableInParts(rows_file, digest, rows, parts, roles, tuple(dict.fromkeys((*raw.faults, *layout.faults))))


def read_part(table: TableInParts, number: int) -> Part:
    """Reads one part; the faults of the file belong to the first."""
    import pyarrow.parquet as pq

    held = pq.read_table(table.rows_file, filters=[("part", "==", number)])
    cells: dict[str, Sequence[str]] = {role: held.column(role).to_pylist() for role in table.roles}
    splits = held.column("split").to_pylist()
    blank = [""] * held.num_rows
    written = zip(cells.get("question", blank), cells.get("answer", blank), strict=True)
    faults = list(table.faults) if number == 0 else []
    finished = finished_table(cells, faults, splits)
    if table.rows:  # an empty part is no empty table
        finished = replace(finished, faults=tuple(fault for fault in finished.faults if fault.kind != "no_rows"))
    return Part(
        finished, held.column("row").to_numpy(), dict(zip(written, held.column("written").to_pylist(), strict=True))
    )


def distinct_cells(table: TableInParts, memory_mb: int) -> pd.DataFrame | None:
    """The different source, question and answer of a table, sorted, and in how many rows each three of them stand.

    None where there are more than `MAX_CELLS`, or their texts take more than `MAX_CELL_BYTES`.

    Raises:
        OutputError: they cannot be counted within the memory.
    """
    read = f"read_parquet({_literal(table.rows_file)})"
    columns = ", ".join(f"{role if role in table.roles else repr('')} AS {role}" for role in _COUNTED)
    batches = []
    cells = texts = 0
    with _out_of_core(table.rows_file, table.rows_file, memory_mb) as connection:
        # Each question and answer counts once, however many rows have them: far cheaper than to group by them.
        counting = f"SELECT coalesce(sum(1 / written), 0) FROM {read}"  # noqa: S608 - the path is quoted
        different = connection.sql(counting).fetchall()[0][0]
        if different > MAX_CELLS + 0.5:
            return None
        query = f"SELECT {columns}, count(*) AS rows FROM {read} GROUP BY ALL"  # noqa: S608 - the path is quoted
        for batch in connection.sql(query).to_arrow_reader(10_000):
            batches.append(batch)
            cells, texts = cells + batch.num_rows, texts + batch.nbytes
            if cells > MAX_CELLS or texts > MAX_CELL_BYTES:
                return None
    import pandas as pd
    import pyarrow as pa

    found = pa.Table.from_batches(batches).to_pandas() if batches else pd.DataFrame(columns=[*_COUNTED, "rows"])
    return found.astype(dict.fromkeys(_COUNTED, object)).sort_values(list(_COUNTED), ignore_index=True)


def _header(path: Path) -> RawTable:
    """
    Raises:
        SourceError: it is no Parquet file.
    """
    if path.is_dir() or not Parquet().recognises(path):
        raise SourceError(f"{path}: only one Parquet file can be judged in parts. Name one, or write the table as one.")
    (raw,) = Parquet().read(path, path.name, Wanted())
    return raw


def _make_sure_it_is_text(path: Path, raw: RawTable, names: Mapping[str, str]) -> None:
    """
    Raises:
        SourceError: a column holds what prints in several ways, or stands within another.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pq.read_schema(path)
    for name in names.values():
        kind = schema.field(schema.names.index(name)).type if name in raw.columns and name in schema.names else None
        value = kind.value_type if kind is not None and pa.types.is_dictionary(kind) else kind
        if value is None or not any(
            is_of(value)
            for is_of in (pa.types.is_string, pa.types.is_large_string, pa.types.is_integer, pa.types.is_null)
        ):
            raise SourceError(
                f"{path}: the column {name!r} holds {kind or 'a part of another'}; only text can be judged in parts. "
                "Store the column as text."
            )


def _digest(path: Path, names: Mapping[str, str], parts: int) -> str:
    found = path.stat()
    facts = [os.path.abspath(path), found.st_size, found.st_mtime_ns, dict(names), parts]  # noqa: PTH100 - links stay
    return hashlib.sha256(json.dumps(facts).encode("utf-8", "backslashreplace")).hexdigest()[:16]


def _sort(path: Path, names: Mapping[str, str], parts: int, rows_file: Path, memory_mb: int) -> None:
    """
    Raises:
        OutputError: there is no room for the sorted rows.
    """
    cells = {role: f"coalesce(CAST({_quoted(name)} AS VARCHAR), '')" for role, name in names.items()}
    chosen = ", ".join(f"{cell} AS {role}" for role, cell in ({"split": "''"} | cells).items())
    both = f"{cells.get('question', repr(''))} AS q, {cells.get('answer', repr(''))} AS a"
    image = cells.get("img_id", "''")
    source = f"read_parquet({_literal(path)}, file_row_number = true)"
    unfinished = rows_file.with_suffix(".part")
    query = f"""
        COPY (
            SELECT row, part, written, {", ".join({"split": ""} | cells)} FROM (
                SELECT file_row_number AS row, hash(trim({image}, $blank)) % {parts} AS part, {chosen}, {both}
                FROM {source}
            ) JOIN (
                SELECT q, a, count(*) AS written FROM (SELECT {both} FROM {source}) GROUP BY q, a
            ) USING (q, a)
            ORDER BY part, row
        ) TO {_literal(unfinished)} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {_ROWS_A_GROUP})
    """  # noqa: S608 - names and paths are quoted, the rest is numbers
    try:
        rows_file.parent.mkdir(parents=True, exist_ok=True)
        with _out_of_core(path, rows_file, memory_mb) as connection:
            connection.execute(query, {"blank": _BLANK})
        unfinished.replace(rows_file)
    finally:
        unfinished.unlink(missing_ok=True)


@contextmanager
def _out_of_core(path: Path, rows_file: Path, memory_mb: int) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database that works within a bound on its memory, with files beside `rows_file`.

    Raises:
        OutputError: the memory or the room for the files is too small.
    """
    import duckdb

    settings: dict[str, Any] = {
        "memory_limit": f"{memory_mb}MB",
        "temp_directory": str(rows_file.parent),
        "preserve_insertion_order": "false",
        "autoinstall_known_extensions": "false",
    }
    try:
        with duckdb.connect(":memory:", config=settings) as connection:
            yield connection
    except duckdb.OutOfMemoryException as error:
        raise OutputError(f"{path}: cannot be sorted within {memory_mb:,} MB; give it more with --memory-mb") from error
    except (duckdb.IOException, OSError) as error:
        told = str(error).splitlines()[0][:300]
        raise OutputError(f"{rows_file}: cannot be written ({told}). Give another folder, or make room.") from error


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(path: Path) -> str:
    return "'" + os.fspath(path).replace("'", "''") + "'"
