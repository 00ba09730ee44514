"""An opened source comes in; all columns of its table as text, nested fields as columns of their own, go out."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kvqa_audit.errors import SourceError
from kvqa_audit.ingest.arrow_columns import OF_PICTURE
from kvqa_audit.ingest.dataset import TableFault
from kvqa_audit.ingest.field_path import as_text, is_nested, leaf_paths
from kvqa_audit.ingest.object_url import is_remote
from kvqa_audit.ingest.open import open_source, read_as
from kvqa_audit.ingest.opened_source import OpenedSource
from kvqa_audit.ingest.source_format import RawTable, Wanted
from kvqa_audit.ingest.table import accepted_answers, most_accepted
from kvqa_audit.ingest.usual_names import usual_columns

if TYPE_CHECKING:
    import pandas as pd

MAX_COLUMNS = 100
_SCANNED_ROWS = 200


@dataclass(frozen=True)
class FlatTable:
    """The columns of a table as text, "" for nulls; a field in a nested column goes by its address.

    The frame has the rows that were read as they are written, `rows` counts all. `nested` names the columns that are
    lists or records as a whole, `several` those of them that hold accepted answers, and these stand in the frame, too,
    with the answer given most often. `pictures` names the columns with bytes of pictures, `image_files` the files of
    images beside the table, and `folders` the folder of each row's file.
    `splits` are the splits that files or folders tell, `faults` what is wrong with the files, `reader` how they
    were read.
    """

    frame: pd.DataFrame
    rows: int = 0
    pictures: tuple[str, ...] = ()
    nested: tuple[str, ...] = ()
    several: tuple[str, ...] = ()
    splits: tuple[str, ...] = ()
    image_files: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    faults: tuple[TableFault, ...] = ()
    reader: str = ""


def read_flat_table(source: str) -> FlatTable:
    """Reads a local source with all its columns.

    Raises:
        SourceError: the source is no dataset, has no table, or cannot be read.
    """
    opened = open_source(source, Wanted())
    if not opened.tables:
        unread = "; ".join(fault.message for fault in opened.unread[:10])
        raise SourceError(f"{source}: holds no table to describe{f' ({unread})' if unread else ''}.")
    return flat_table(opened)


def flat_table(opened: OpenedSource) -> FlatTable:
    """Puts the tables of a source below each other; a column that a table does not have is blank there."""
    import pandas as pd

    parts = opened.tables
    in_headers = [name for part in parts for name in part.header if name in part.columns]
    others = [name for part in parts for paths in (_paths_in(part),) for name in part.columns if name not in paths]
    names = list(dict.fromkeys((*in_headers, *others)))
    if not usual_columns("img_id", names):
        # Where no column has ids, the pictures in the table are told apart by themselves.
        names += list(dict.fromkeys(f"{name}{OF_PICTURE}" for part in parts for name in part.pictures))[:1]
    nested = [name for name in names if any(is_nested(_column(part, name)) for part in parts)]
    several = [name for name in nested if any(_are_answers(_column(part, name)) for part in parts)]
    columns: dict[str, list[str]] = {}
    for name in names:
        if name not in nested or name in several:
            columns[name] = [text for part in parts for text in _texts(part.values(name), part)]
        else:
            fields = dict.fromkeys(path for part in parts for path in leaf_paths(name, _column(part, name)))
            for path in list(fields)[: max(MAX_COLUMNS - len(columns), 0)]:
                columns[path] = [text for part in parts for text in _texts(part.values(path), part)]
    told = [part.split for part in parts]
    folders = [part.folder for part in parts for _ in range(part.rows)]
    faults = [
        fault for part in parts for fault in part.faults if fault.kind not in ("not_text", "not_utf8", "other_encoding")
    ]
    starts = accumulate((part.rows for part in parts), initial=0)
    # A row with too few or too many cells has some of them in the wrong column.
    broken = {
        start + f.row for start, part in zip(starts, parts, strict=False) for f in part.faults if f.row is not None
    }
    rows = len(folders)
    if broken:
        whole = [row for row in range(rows) if row not in broken]
        columns = {name: [cells[row] for row in whole] for name, cells in columns.items()}
        folders = [folders[row] for row in whole]
    return FlatTable(
        pd.DataFrame(columns, dtype=object),
        rows,
        tuple(dict.fromkeys(name for part in parts for name in part.pictures)),
        tuple(nested),
        tuple(several),
        tuple(dict.fromkeys(filter(None, told))) if len(set(told)) > 1 else (),
        opened.files().images,
        tuple(folders),
        (*faults, *opened.unread),
        read_as(parts, told if len(set(told)) > 1 else ()),
    )


def _paths_in(part: RawTable) -> frozenset[str]:
    """The paths that are stored with pictures: names for them, if not always one each."""
    return frozenset(f"{name}.path" for name in part.pictures)


def _column(part: RawTable, name: str) -> Sequence[Any]:
    return () if name.endswith(OF_PICTURE) else part.columns.get(name, ())


def _texts(values: Sequence[Any] | None, part: RawTable) -> list[str]:
    if values is None:
        return [""] * part.rows
    if part.is_text:
        return list(values)
    return [most_accepted(value) if isinstance(value, (list, Mapping)) else as_text(value) for value in values]


def _are_answers(values: Sequence[Any]) -> bool:
    """Whether most values are several accepted answers."""
    scanned = [value for value in values[:_SCANNED_ROWS] if value is not None]
    return bool(scanned) and 2 * sum(bool(accepted_answers(value)) for value in scanned) > len(scanned)


def name_of(source: str) -> str:
    """What to call a dataset at this place: the folder, or the file if it has a telling name."""
    path = Path(source.partition("://")[2] if is_remote(source) else os.path.realpath(source))
    return (path.parent.name if path.stem == "metadata" else path.stem) or "dataset"
