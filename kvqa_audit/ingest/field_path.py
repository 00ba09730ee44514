"""The address of a field in nested columns comes in (`conversations[1].value`); its value in every row goes out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

MAX_DEPTH = 4
MAX_INDEX = 4
_SCANNED_ROWS = 200
_STEP = re.compile(r"\.?([^.\[\]]+)|\[(\d{1,6})\]")


def steps_of(path: str) -> tuple[str | int, ...]:
    """The steps of an address: names, and places in lists from 0; none where it is no address."""
    steps: list[str | int] = []
    at = 0
    while at < len(path):
        match = _STEP.match(path, at)
        if match is None:
            return ()
        steps.append(match[1] if match[1] is not None else int(match[2]))
        at = match.end()
    return tuple(steps)


def value_at(columns: Mapping[str, Sequence[Any]], path: str) -> list[Any] | None:
    """The field's value in every row, None where a row has none; None altogether where there is no such column."""
    steps = steps_of(path)
    # The column itself may have a dot in its name, so the longest name that there is counts.
    for end in range(len(path), 0, -1):
        if path[:end] in columns and (end == len(path) or path[end] in ".["):
            steps = steps_of(path[end:])
            return [_follow(value, steps) for value in columns[path[:end]]]
    return None


def _follow(value: Any, steps: Sequence[str | int]) -> Any:
    for step in steps:
        if isinstance(value, Mapping) and isinstance(step, int):
            # A list of records may be stored as a record of lists.
            value = {name: item[step] for name, item in value.items() if isinstance(item, list) and step < len(item)}
        elif isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int):
            value = value[step] if step < len(value) else None
        elif isinstance(value, list) and len(value) == 1 and isinstance(value[0], Mapping):
            value = value[0].get(step)
        else:
            return None
    return value


def leaf_paths(name: str, values: Sequence[Any]) -> tuple[str, ...]:
    """The addresses of single values in a column, as far as most of its first rows have them."""
    scanned = [value for value in values[:_SCANNED_ROWS] if value is not None]
    counts: dict[str, int] = {}
    for value in scanned:
        for path in _leaves(name, value, MAX_DEPTH):
            counts[path] = counts.get(path, 0) + 1
    return tuple(path for path, count in counts.items() if 2 * count >= len(scanned))


def _leaves(path: str, value: Any, depth: int) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, item in value.items() if depth else ():
            yield from _leaves(f"{path}.{name}", item, depth - 1)
    elif isinstance(value, list):
        for place, item in enumerate(value[:MAX_INDEX]) if depth else ():
            yield from _leaves(f"{path}[{place}]", item, depth - 1)
    elif value is not None:
        yield path


def is_nested(values: Sequence[Any]) -> bool:
    """Whether any of the first values is a list or a record."""
    return any(isinstance(value, (list, Mapping)) for value in values[:_SCANNED_ROWS])


def as_text(value: Any) -> str:
    """One value as a cell: "" for None, numbers as they print, lists and records as JSON."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, Mapping)):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)
