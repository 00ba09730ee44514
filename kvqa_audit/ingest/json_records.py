"""A JSON or JSON Lines file comes in; every list of records in it goes out as a table."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from kvqa_audit.errors import SourceError
from kvqa_audit.ingest.dataset import TableFault
from kvqa_audit.ingest.read_bytes import read_table_bytes
from kvqa_audit.ingest.several_questions import one_question_each
from kvqa_audit.ingest.source_format import RawTable, Wanted
from kvqa_audit.ingest.splits import split_of
from kvqa_audit.ingest.text_encoding import decoded, whole_characters
from kvqa_audit.ingest.usual_names import usual_roles
from kvqa_audit.json_text import value_of_json

# The name of the column that keeps the keys where records stand under keys.
KEY = "key"
_LINES = frozenset({".jsonl", ".ndjson", ".jsonlines"})
_ENDINGS = frozenset({".json", *_LINES})
_MIN_RECORDS = 0.5
_MAX_DEPTH = 3
# Fewer lists under keys may be parts of other kinds.
_MIN_LISTS = 4


class JsonRecords:
    """A JSON list of records, lists or records under keys, or one record a line."""

    name = "json"

    def recognises(self, path: Path) -> bool:
        return path.suffix.lower() in _ENDINGS

    def read(self, path: Path, place: str, _wanted: Wanted) -> tuple[RawTable, ...]:
        """Reads every list of records; numbers and what is nested stay as they are.

        Raises:
            SourceError: the file cannot be read, or is neither JSON nor JSON Lines.
        """
        text, encoding, faults = decoded(read_table_bytes(path))
        if not text.strip():
            raise SourceError(f"{path}: is empty. Export the table again.")
        text, halves = whole_characters(text)
        faults += halves
        first = text.lstrip()[:1]
        try:
            if path.suffix.lower() in _LINES and first != "[":
                return _of_lines(text, encoding, place, faults, path)
            repeated: Counter[str] = Counter()
            document = json.loads(text, object_pairs_hook=partial(_noting_repeats, repeated))
            faults += _lost_values(repeated)
            return tuple(tables_in(document, encoding, place, faults))
        except RecursionError:
            raise SourceError(f"{path}: is nested too deeply to be a table.") from None
        except ValueError as error:
            if first == "{":
                return _of_lines(text, encoding, place, faults, path)
            raise SourceError(f"{path}: is no JSON ({error}). Export the table again.") from None


def _noting_repeats(repeated: Counter[str], pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON; counts the keys that stand in it once more."""
    found = dict(pairs)
    if len(found) != len(pairs):
        repeated.update({key: count - 1 for key, count in Counter(key for key, _ in pairs).items() if count > 1})
    return found


def _lost_values(repeated: Counter[str], line: int | None = None) -> list[TableFault]:
    if not repeated:
        return []
    key, lost = min(repeated), repeated.total()
    message = (
        f"{lost:,} values stand under a key that stands again in the same object, such as {key!r}; the last counts"
    )
    advice = "Give every record a key of its own, or write a list"
    return [TableFault("repeated_key", message, line=line, suggestion=advice)]


def _of_lines(text: str, encoding: str, place: str, faults: Sequence[TableFault], path: Path) -> tuple[RawTable, ...]:
    records: list[Any] = []
    broken: list[TableFault] = []
    repeated, first_line = Counter[str](), None
    # Not splitlines(): a cell may hold line ends that JSON does not escape, such as U+2028.
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            record = value_of_json(line, pairs=partial(_noting_repeats, repeated))
        except ValueError as error:
            record = error
        first_line = number if repeated and first_line is None else first_line
        if isinstance(record, dict):
            records.append(record)
        else:
            message = f"The line is no JSON record ({str(record)[:80]}); it is not in the table"
            broken.append(TableFault("not_a_record", message, line=number, suggestion="Write one record a line"))
    if len(records) < _MIN_RECORDS * (len(records) + len(broken)):
        raise SourceError(f"{path}: is neither JSON nor JSON Lines (line {broken[0].line}). Export the table again.")
    return (
        table_of(
            records, f"JSON Lines, {encoding}", place, "", [*faults, *broken, *_lost_values(repeated, first_line)]
        ),
    )


def tables_in(document: Any, encoding: str, place: str, faults: Sequence[TableFault] = ()) -> Iterator[RawTable]:
    """Every list of records in a document, as a table."""
    for shape, part, found in _lists(document, "", _MAX_DEPTH):
        records = [record for record in found if isinstance(record, dict)]
        others = len(found) - len(records)
        notes = list(faults)
        if others:
            message = f"{others:,} entries of the list are no records; they are not in the table"
            notes.append(TableFault("not_a_record", message, suggestion="Write every entry as a record"))
        how = f"{shape}{f' under {part!r}' if part else ''}, {encoding}"
        yield table_of(records, how, place, part, notes)


def _lists(value: Any, part: str, depth: int) -> Iterator[tuple[str, str, list[Any]]]:
    """Every list of records in a document, with its shape in words, and the keys it stands under.

    Records that hold lists are opened, too.
    """
    if isinstance(value, list):
        records = sum(isinstance(entry, dict) for entry in value)
        if records and records >= _MIN_RECORDS * len(value):
            yield "JSON list", part, _opened(value)
    elif isinstance(value, dict) and depth:
        if (columns := _as_columns(value)) is not None:
            yield "JSON columns", part, columns
        elif (opened := _by_key(value)) is not None:
            yield "JSON lists by key", part, opened
        elif len(value) > 1 and _are_alike(list(value.values())):
            yield "JSON records by key", part, [{KEY: key, **record} for key, record in value.items()]
        else:
            for key, inner in value.items():
                yield from _lists(inner, f"{part}.{key}" if part else key, depth - 1)


def _are_alike(values: Sequence[Any]) -> bool:
    """Whether these are records with nearly the same fields, and a single value among them."""
    if not all(isinstance(value, dict) for value in values):
        return False
    first = set(values[0])
    scalar = any(not isinstance(item, (dict, list)) for item in values[0].values())
    return bool(first) and scalar and all(2 * len(first & set(value)) >= len(first) for value in values)


def _as_columns(value: Mapping[str, Any]) -> list[Any] | None:
    """The records of a mapping of columns, as data frames are written: lists, or mappings by row, of equal length."""
    columns = {key: list(column.values()) if isinstance(column, dict) else column for key, column in value.items()}
    lengths = {len(column) if isinstance(column, list) else -1 for column in columns.values()}
    if len(columns) < 2 or len(lengths) != 1 or min(lengths) < 1:
        return None
    first = [column[0] for column in columns.values()]
    # Lists of records, and fewer than two columns of single values, are parts of a document.
    if any(isinstance(cell, dict) for cell in first) or sum(not isinstance(cell, list) for cell in first) < 2:
        return None
    keys = {tuple(column) for column in value.values() if isinstance(column, dict)}
    if keys and (len(keys) > 1 or not all(str(key).isdigit() for key in next(iter(keys)))):
        return None
    return [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]


def _opened(entries: list[Any], depth: int = _MAX_DEPTH) -> list[Any]:
    """The records of the one list that each entry holds (the questions of an image), with the entry's own fields.

    The list may stand in a record of another one (the pages of a document).
    """
    first = next((entry for entry in entries if isinstance(entry, dict)), {})
    inner = [key for key, value in first.items() if isinstance(value, list) and _hold_text(value, depth)]
    if len(inner) != 1 or any(isinstance(value, str) and value.endswith("?") for value in first.values()):
        return entries
    key = inner[0]
    opened: list[Any] = []
    for entry in entries:
        if not isinstance(entry, dict) or not isinstance(entry.get(key), list):
            opened.append(entry)
            continue
        own = {name: value for name, value in entry.items() if name != key}
        records = entry[key] if _has_text(entry[key]) else _opened(entry[key], depth - 1)
        opened += [{**own, **record} if isinstance(record, dict) else record for record in records]
    return opened


def _hold_text(entries: list[Any], depth: int) -> bool:
    """Whether these are records of questions with their answers, or hold such records."""
    if not depth or not entries or not all(isinstance(entry, dict) for entry in entries):
        return False
    inner = (value for value in entries[0].values() if isinstance(value, list))
    return _has_text(entries) or any(_hold_text(value, depth - 1) for value in inner)


def _has_text(entries: list[Any]) -> bool:
    """Whether these are records of questions with their answers."""
    roles = (usual_roles(entry).keys() for entry in entries if isinstance(entry, dict))
    return bool(entries) and all({"question", "answer"} <= found for found in roles)


def _by_key(value: Mapping[str, Any]) -> list[Any] | None:
    """The records of the lists that stand under keys (the names of images), each with its key; splits are no such."""
    lists = list(value.values())
    if len(lists) < _MIN_LISTS or not all(isinstance(one, list) and _has_text(one) for one in lists if one != []):
        return None
    if any(split_of("", key) for key in value):
        return None
    return [{KEY: key, **record} for key, records in value.items() for record in records if isinstance(record, dict)]


def table_of(records: list[Any], how: str, place: str, part: str = "", faults: Sequence[TableFault] = ()) -> RawTable:
    """Records as a table, those with several questions as a row for each."""
    opened = one_question_each(records)
    if len(opened) != len(records):
        how = f"{how}, {len(opened):,} questions in {len(records):,} records"
        records = opened
    names = tuple(dict.fromkeys(str(name) for record in records for name in record))
    columns = {name: [record.get(name) for record in records] for name in names}
    return RawTable(place, how, names, columns, len(records), tuple(faults), part)
