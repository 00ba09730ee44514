"""A table comes in; where a column of accepted answers holds lists written as text, one with the lists goes out."""

from __future__ import annotations

import ast
import json
from collections import ChainMap
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from kvqa_audit.ingest.field_path import as_text
from kvqa_audit.ingest.source_format import RawTable
from kvqa_audit.ingest.usual_names import ACCEPTED, folded

_MAX_CHARACTERS, _MAX_BRACKETS = 20_000, 1_000
_SCANNED_ROWS, _MIN_LISTS = 200, 0.9


def with_lists(table: RawTable) -> RawTable:
    """The table, with lists in place of texts such as `["two", "2"]`, `['two', '2']` and `two|2`.

    Only columns that are called so are looked at, and changed where nearly all of their first cells are such lists.
    """
    found: dict[str, Sequence[Any]] = {}
    for name in table.header:
        values = table.columns[name] if folded(name) in ACCEPTED else ()
        scanned = [value for value in values[:_SCANNED_ROWS] if value]
        for read in (_literal, _parts):
            lists = sum(
                isinstance(value, list) or bool(read(value)) for value in scanned if isinstance(value, list | str)
            )
            if any(isinstance(value, str) for value in scanned) and lists >= _MIN_LISTS * len(scanned):
                found[name] = [(read(value) or value) if isinstance(value, str) else value for value in values]
                break
    if not found:
        return table
    columns = ChainMap(found, table.columns)  # type: ignore[arg-type]  # it is only read
    how = f"{table.how}, lists written as text in {', '.join(map(repr, found))}"
    return replace(table, how=how, columns=columns, is_text=False)


def _literal(text: str) -> list[Any]:
    """The list that a text writes in JSON or as Python does; empty where it is none."""
    if not text.startswith("[") or not text.endswith("]"):
        return []
    if len(text) > _MAX_CHARACTERS or text.count("[") + text.count("{") > _MAX_BRACKETS:
        return []
    readers: tuple[Callable[[str], Any], ...] = (json.loads, ast.literal_eval)
    for read in readers:
        try:
            value = read(text)
            as_text(value).encode()  # half a character is none, and in no text
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
        return value if isinstance(value, list) else []
    return []


def _parts(text: str) -> list[str]:
    """The parts between pipes; empty where there are none."""
    parts = [part.strip() for part in text.split("|")]
    return parts if len(parts) > 1 and all(parts) else []
