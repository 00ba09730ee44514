"""Tables and the paths of images come in; where a column tells the folder of a name that several have, paths go out."""

from __future__ import annotations

from collections import ChainMap, Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from kvqa_audit.ingest.field_path import as_text
from kvqa_audit.ingest.source_format import RawTable, Wanted
from kvqa_audit.ingest.usual_names import usual_columns

_MIN_ROWS, _MIN_TOLD = 0.5, 0.9
_FEW_NAMES = 20


def may_share_names(tables: Sequence[RawTable], wanted: Wanted) -> bool:
    """Whether the ids are so few names that several pictures must have each: no file has to be looked at for it."""
    return any(
        0 < len({as_text(value) for value in table.columns.get(ids, ())}) <= min(_FEW_NAMES, table.rows // 2)
        for table in tables
        for ids in _id_columns(table, wanted)
    )


def _id_columns(table: RawTable, wanted: Wanted) -> Sequence[str]:
    described = [wanted.columns.img_id] if wanted.columns is not None else []
    return [*described, *usual_columns("img_id", table.header)]


def with_folders(tables: Sequence[RawTable], paths: Sequence[str], wanted: Wanted) -> tuple[RawTable, ...]:
    """The tables, their ids as `folder/name` where names stand in several folders and another column tells which.

    Args:
        tables: as they were read.
        paths: of the image files, below the dataset's folder, with slashes.
        wanted: the columns to look for.
    """
    names = Counter(path.rpartition("/")[2] for path in paths)
    repeated = {name for name, count in names.items() if count > 1}
    if not repeated:
        return tuple(tables)
    ends = Counter("/".join(path.split("/")[-2:]) for path in paths)
    unique = {end for end, count in ends.items() if count == 1}
    return tuple(_with_folder(table, repeated, unique, wanted) for table in tables)


def _with_folder(table: RawTable, repeated: set[str], unique: set[str], wanted: Wanted) -> RawTable:
    for ids in _id_columns(table, wanted):
        values = table.columns.get(ids, ())
        vague = [row for row, value in enumerate(values) if isinstance(value, str) and value.strip() in repeated]
        if not vague or len(vague) < _MIN_ROWS * len(values):
            continue
        told = {name: _told(table.columns, name, ids, vague, unique) for name in table.header if name != ids}
        best = max(told, key=lambda name: len(told[name]), default=None)
        if best is not None and len(told[best]) >= _MIN_TOLD * len(vague):
            placed = [told[best].get(row, value) for row, value in enumerate(values)]
            how = f"{table.how}, the folder of {ids!r} by {best!r}"
            columns = ChainMap({ids: placed}, table.columns)  # type: ignore[arg-type]  # it is only read
            return replace(table, how=how, columns=columns)
    return table


def _told(
    columns: Mapping[str, Sequence[Any]], name: str, ids: str, rows: Sequence[int], unique: set[str]
) -> dict[int, str]:
    """Row → folder and name of its file, for the rows of which this column names the folder."""
    cells, values = columns[name], columns[ids]
    ends = ((row, f"{as_text(cells[row]).strip()}/{values[row].strip()}") for row in rows)
    return {row: end for row, end in ends if end in unique}
