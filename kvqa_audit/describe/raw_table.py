"""A local place comes in; its table with all columns, whatever they are called, goes out."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kvqa_audit.errors import SourceError
from kvqa_audit.ingest.open import IMAGES_NAME, TABLE_NAME

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


@dataclass(frozen=True)
class RawTable:
    """All columns that hold text or numbers, as text, "" for nulls; the names of those that hold pictures; splits.

    `nested` names the columns of lists and records, which are not read.
    `files` holds the names of the image files beside the table, without and with their ending.
    """

    frame: pd.DataFrame
    pictures: tuple[str, ...] = ()
    nested: tuple[str, ...] = ()
    splits: tuple[str, ...] = ()
    files: frozenset[str] = frozenset()


def read_raw_table(source: str) -> RawTable:
    """Reads a CSV file or the folder of one, Parquet files, or a folder written by `save_to_disk`.

    Raises:
        SourceError: the place is none of these, or cannot be read.
    """
    path = Path(source)
    if not path.exists():
        raise SourceError(f"{source}: does not exist. A dataset on the Hub has to be downloaded first.")
    try:
        return _read(path)
    except SourceError:
        raise
    except (OSError, ValueError, LookupError) as error:
        raise SourceError(f"{source}: cannot be read ({type(error).__name__}: {str(error)[:200]})") from error


def _read(path: Path) -> RawTable:
    if path.is_file() and path.suffix.lower() == ".csv":
        return _csv(path)
    if path.is_file() and path.suffix.lower() == ".parquet":
        return _parquet([path])
    if (path / TABLE_NAME).is_file():
        return _csv(path / TABLE_NAME)
    if path.is_dir() and (parquet := sorted(path.glob("*.parquet")) or sorted(path.glob("data/*.parquet"))):
        return _parquet(parquet)
    if (path / "dataset_dict.json").is_file():
        splits = tuple(json.loads((path / "dataset_dict.json").read_text(encoding="utf-8"))["splits"])
        return _arrow([file for split in splits for file in sorted((path / split).glob("*.arrow"))], splits)
    if (path / "state.json").is_file():
        return _arrow(sorted(path.glob("*.arrow")), ())
    raise SourceError(
        f"{path}: holds no {TABLE_NAME}, no Parquet file and nothing that `save_to_disk` wrote; name a .csv file, a "
        ".parquet file or a folder of these"
    )


def _csv(path: Path) -> RawTable:
    import pandas as pd

    frame = pd.read_csv(
        path,
        dtype=object,
        keep_default_na=False,
        na_filter=False,
        encoding="utf-8-sig",
        encoding_errors="replace",
        on_bad_lines="skip",
        engine="python",
    )
    images = path.parent / IMAGES_NAME
    names = [file.name for file in images.rglob("*") if file.is_file()] if images.is_dir() else []
    files = frozenset(names) | frozenset(Path(name).stem for name in names)
    return RawTable(frame.fillna("").astype(str), files=files)


def _parquet(paths: list[Path]) -> RawTable:
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pq.read_schema(paths[0])
    text, pictures, nested = _kinds(schema)
    tables = [pq.read_table(path, columns=text) for path in paths]
    return RawTable(_frame(pa.concat_tables(tables)), pictures, nested)


def _arrow(paths: list[Path], splits: tuple[str, ...]) -> RawTable:
    import pyarrow as pa

    if not paths:
        raise SourceError("the folder holds no Arrow file. Save the dataset again.")
    tables = [pa.ipc.open_stream(pa.memory_map(str(path))).read_all() for path in paths]
    text, pictures, nested = _kinds(tables[0].schema)
    return RawTable(_frame(pa.concat_tables([table.select(text) for table in tables])), pictures, nested, splits)


def _kinds(schema: pa.Schema) -> tuple[list[str], tuple[str, ...], tuple[str, ...]]:
    """The columns that can be read as text; those that hold bytes, or bytes beside a path; and all others."""
    import pyarrow as pa

    pictures = tuple(
        f.name
        for f in schema
        if pa.types.is_binary(f.type)
        or pa.types.is_large_binary(f.type)
        or (pa.types.is_struct(f.type) and "bytes" in [f.type.field(i).name for i in range(f.type.num_fields)])
    )
    text = [f.name for f in schema if f.name not in pictures and not pa.types.is_nested(f.type)]
    return text, pictures, tuple(f.name for f in schema if f.name not in (*text, *pictures))


def _frame(table: pa.Table) -> pd.DataFrame:
    import pandas as pd

    def text(value: Any) -> str:
        return "" if value is None else str(value)

    columns = {name: [text(v) for v in table.column(name).to_pylist()] for name in table.column_names}
    return pd.DataFrame(columns, dtype=object)
