"""A JSON or JSON Lines file comes in; the same text, values in it changed or records left out, goes out."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from json.decoder import scanstring  # type: ignore[attr-defined]
from pathlib import Path
from typing import Any

from kvqa_audit.artifacts.atomic_file import write_atomically
from kvqa_audit.fixes.cell import Cell, Steps
from kvqa_audit.ingest.field_path import as_text, steps_of
from kvqa_audit.ingest.json_records import table_of, tables_in
from kvqa_audit.ingest.read_bytes import read_table_bytes
from kvqa_audit.ingest.source_format import RawTable
from kvqa_audit.ingest.text_encoding import EncodedText, whole_characters
from kvqa_audit.json_text import value_of_json
from kvqa_audit.spec.dataset_spec import Columns

# As deep as tables and the fields in them are looked for.
_MAX_DEPTH = 12
_SPACE = re.compile(r"[ \t\r\n]*")
_BARE = re.compile(r"true|false|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_DECODER = json.JSONDecoder()
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Entry:
    """An entry of a list or an object: its key or place, where it begins, and where its value stands."""

    step: str | int
    start: int
    value: Span


@dataclass(frozen=True)
class WrittenJson:
    """The file's text, the tables in it, and of JSON Lines where its records stand."""

    encoded: EncodedText
    tables: tuple[RawTable, ...]
    lines: tuple[_Entry, ...] | None

    def write(self, path: Path, changed: Mapping[Steps, str], gone: Collection[Steps], kept: Collection[Steps]) -> None:
        text, done, parts = self.encoded.text, 0, []
        cut = _outermost(gone, kept, {table.part for table in self.tables})
        edits = self._edits(self._root(), (), changed, cut, _beginnings([*changed, *cut]))
        for start, end, new in sorted(edits):
            parts += [text[done:start], new]
            done = end
        write_atomically(path, self.encoded.back("".join([*parts, text[done:]]), path))

    def _root(self) -> Sequence[_Entry]:
        at = _after_space(self.encoded.text, 0)
        return _entries(self.encoded.text, at) if self.lines is None else self.lines

    def _edits(
        self,
        entries: Sequence[_Entry],
        at: Steps,
        changed: Mapping[Steps, str],
        cut: Collection[Steps],
        way: Collection[Steps],
    ) -> Iterator[tuple[int, int, str]]:
        """What is put in place of which characters, in these entries and below them."""
        text = self.encoded.text
        # Of a key that stands there twice the last counts.
        for entry in {entry.step: entry for entry in entries}.values():
            here = (*at, entry.step)
            start, end = entry.value
            if here in cut:
                continue
            if here in changed:
                yield start, end, _as_json(changed[here], text[start:end], ascii_only=text.isascii())
            elif here in way:
                yield from self._edits(_entries(text, start), here, changed, cut, way)
        spans = [(entry.start, entry.value[1]) for entry in entries]
        out = {span for entry, span in zip(entries, spans, strict=True) if (*at, entry.step) in cut}
        by_line = self.lines is not None and not at
        cuts = (_line(text, span) for span in out) if by_line else _cuts(spans, out) if out else ()
        yield from ((start, end, "") for start, end in cuts)


def read_written_json(path: Path, place: str, columns: Columns) -> WrittenJson:
    """Reads a file as the audit does, and keeps where the texts of the described columns stand.

    Raises:
        SourceError: the file cannot be read.
    """
    encoded = EncodedText.of(read_table_bytes(path))
    steps = [steps_of(name) for name in columns.text_columns]
    names: set[str] = {*columns.text_columns, *(step for path in steps for step in path if isinstance(step, str))}
    locate = _Locating(place, names)
    try:
        document = value_of_json(whole_characters(encoded.text)[0])
    except ValueError:
        document = None
    if isinstance(document, (list, dict)) and not _is_line_by_line(path, document):
        return WrittenJson(encoded, tuple(tables_in(locate.value(document, ()), "", place)), None)
    lines = tuple(_lines(encoded.text))
    records = [
        locate.value(value_of_json(whole_characters(encoded.text[slice(*line.value)])[0]), (line.step,))
        for line in lines
    ]
    return WrittenJson(encoded, (table_of(records, "", place),), lines)


def _is_line_by_line(path: Path, document: Any) -> bool:
    """Whether the one record is the one line of JSON Lines."""
    return isinstance(document, dict) and path.suffix.lower() != ".json"


@dataclass(frozen=True)
class _Locating:
    """Puts a `Cell` in place of every single value under these names: its own, those of its list or of its rows."""

    file: str
    names: Collection[str]

    def value(self, value: Any, at: Steps, *, is_named: bool = False) -> Any:
        if isinstance(value, dict) and len(at) < _MAX_DEPTH:
            by_row = is_named and all(key.isdigit() for key in value)
            return {key: self.value(v, (*at, key), is_named=by_row or key in self.names) for key, v in value.items()}
        if isinstance(value, list) and len(at) < _MAX_DEPTH:
            return [self.value(item, (*at, place), is_named=is_named) for place, item in enumerate(value)]
        return Cell(as_text(value), self.file, at) if is_named and not isinstance(value, (dict, list)) else value


def _as_json(text: str, before: str, *, ascii_only: bool) -> str:
    """A text as JSON: bare where a number or truth value stood, else quoted, and escaped as the file is."""
    if _BARE.fullmatch(before) and _BARE.fullmatch(text) and (before[0] in "tf") == (text[0] in "tf"):
        return text
    return json.dumps(text, ensure_ascii=ascii_only)


def _beginnings(places: Collection[Steps]) -> set[Steps]:
    """All that these places stand in."""
    return {at[:number] for at in places for number in range(len(at))}


def _outermost(gone: Collection[Steps], kept: Collection[Steps], parts: Collection[str]) -> set[Steps]:
    """What holds cells of rows that go, and none of others; but no list that is a table, nor a value by itself."""
    used = _beginnings(kept)
    cut = set()
    for at in gone:
        for number in range(1, len(at)):
            outer = at[:number]
            if outer not in used and ".".join(map(str, outer)) not in parts:
                cut.add(outer)
                break
    return cut


def _lines(text: str) -> Iterator[_Entry]:
    """The records of JSON Lines; what is none is left as it is."""
    start, number = 0, 0
    for line in text.split("\n"):
        begin, end = start + len(line) - len(line.lstrip()), start + len(line.rstrip())
        start += len(line) + 1
        try:
            is_record = isinstance(value_of_json(text[begin:end]), dict)
        except ValueError:
            is_record = False
        if is_record:
            yield _Entry(number, begin, (begin, end))
            number += 1


def _after_space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return at if match is None else match.end()


def _entries(text: str, at: int) -> list[_Entry]:
    """The entries of the list or object that begins here."""
    is_object = text[at] == "{"
    found: list[_Entry] = []
    at = _after_space(text, at + 1)
    while text[at] not in "]}":
        start, step = at, len(found)
        if is_object:
            step, at = scanstring(text, at + 1, True)
            at = _after_space(text, _after_space(text, at) + 1)
        _, end = _DECODER.raw_decode(text, at)
        found.append(_Entry(step, start, (at, end)))
        at = _after_space(text, end)
        at = _after_space(text, at + 1) if text[at] == "," else at
    return found


def _cuts(spans: Sequence[Span], gone: Collection[Span]) -> Iterator[Span]:
    """What has to be cut out so that these entries are gone: each with what stands between it and the next.

    Where the last entries go, what stands before them goes with them.
    """
    last = max((number for number, span in enumerate(spans) if span not in gone), default=-1)
    for number, span in enumerate(spans):
        if span in gone and number < last:
            yield span[0], spans[number + 1][0]
    if last + 1 < len(spans):
        yield spans[last][1] if last >= 0 else spans[0][0], spans[-1][1]


def _line(text: str, span: Span) -> Span:
    """A record with the end of its line."""
    end = text.find("\n", span[1])
    return span[0], len(text) if end < 0 else end + 1
