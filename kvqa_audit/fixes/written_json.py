"""A JSON or JSON Lines file comes in; the same text, values in its records changed or records left out, goes out."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from json.decoder import scanstring  # type: ignore[attr-defined]
from pathlib import Path
from typing import Any

from kvqa_audit.artifacts.atomic_file import write_atomically
from kvqa_audit.errors import SourceError
from kvqa_audit.ingest.field_path import as_text, steps_of, value_at
from kvqa_audit.ingest.read_bytes import read_table_bytes
from kvqa_audit.ingest.source_format import RawTable
from kvqa_audit.ingest.text_encoding import EncodedText
from kvqa_audit.spec.dataset_spec import Columns

_SPACE = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder()
Span = tuple[int, int]


@dataclass(frozen=True)
class WrittenJson:
    """The file's text, and where each row's record stands in it; `lists` has the spans of each list's entries."""

    encoded: EncodedText
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    spans: tuple[Span, ...]
    lists: tuple[tuple[Span, ...], ...]

    def write(self, path: Path, changed: Mapping[int, Mapping[int, str]], dropped: Collection[int]) -> None:
        edits = [
            (*self._value(self.spans[row], self.header[place]), _as_json(text, self.encoded.text))
            for row, cells in changed.items()
            if row not in dropped
            for place, text in cells.items()
        ]
        gone = {self.spans[row] for row in dropped}
        edits += [(start, end, "") for spans in self.lists for start, end in _cuts(spans, gone, self.encoded.text)]
        text, done, parts = self.encoded.text, 0, []
        for start, end, new in sorted(edits):
            parts += [text[done:start], new]
            done = end
        write_atomically(path, self.encoded.back("".join([*parts, text[done:]]), path))

    def _value(self, record: Span, name: str) -> Span:
        """Where the value of a field stands, by its name or its address."""
        span: Span | None = record
        text = self.encoded.text
        members = dict(_members(text, record[0]))
        for step in (name,) if name in members else steps_of(name):
            inner = (
                {}
                if span is None
                else dict(_members(text, span[0]) if text[span[0]] == "{" else _entries(text, span[0]))
            )
            span = inner.get(step)
        if span is None:
            raise SourceError(f"the field {name!r} is not in the record that stands at character {record[0]:,}")
        return span


def read_written_json(path: Path, parts: Sequence[RawTable], columns: Columns) -> WrittenJson:
    """Reads a file whose rows stand in lists of records, or one on each line.

    Raises:
        SourceError: the file cannot be read, or its rows are of another shape.
    """
    encoded = EncodedText.of(read_table_bytes(path))
    text = encoded.text
    lists: tuple[tuple[Span, ...], ...] = ()
    try:
        if any(part.how.startswith("JSON Lines") for part in parts):
            lists = (tuple(_lines(text)),)
        else:
            lists = tuple(tuple(span for _, span in _entries(text, _list_at(text, part.part))) for part in parts)
    except (ValueError, IndexError, RecursionError):
        pass
    records = [(span, record) for spans in lists for span in spans if isinstance(record := _read(text, span), dict)]
    if len(records) != sum(part.rows for part in parts):
        raise SourceError(
            f"{path}: its rows do not stand in lists of records, and only such JSON is written back. Export the "
            "dataset as a list of records, JSON Lines or CSV first."
        )
    columns_of = {name: [record.get(name) for _, record in records] for part in parts for name in part.header}
    nested = [name for name in columns.text_columns if name not in columns_of]
    columns_of |= {name: found for name in nested if (found := value_at(columns_of, name)) is not None}
    cells = ([as_text(value) for value in values] for values in columns_of.values())
    return WrittenJson(
        encoded, tuple(columns_of), tuple(zip(*cells, strict=True)), tuple(span for span, _ in records), lists
    )


def _read(text: str, span: Span) -> Any:
    return json.loads(text[span[0] : span[1]])


def _as_json(value: str, beside: str) -> str:
    """A text as JSON, with its signs escaped where those of the file are."""
    return json.dumps(value, ensure_ascii=beside.isascii())


def _lines(text: str) -> Iterator[Span]:
    start = 0
    for line in text.split("\n"):
        if line.strip() and line.lstrip()[:1] == "{":
            begin = start + len(line) - len(line.lstrip())
            yield begin, start + len(line.rstrip())
        start += len(line) + 1


def _list_at(text: str, part: str) -> int:
    """Where the list under these keys begins."""
    at = _after_space(text, 0)
    while text[at] != "[":
        inner = [one for one in _members(text, at) if part == one[0] or part.startswith(f"{one[0]}.")]
        if not inner:
            raise ValueError(f"no list stands under {part!r}")
        key, (at, _) = inner[0]
        part = part[len(key) + 1 :]
    return at


def _after_space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return at if match is None else match.end()


def _members(text: str, at: int) -> Iterator[tuple[Any, Span]]:
    """Key and span of the value of each member of the object that begins here."""
    at = _after_space(text, at + 1)
    while text[at] != "}":
        key, at = scanstring(text, at + 1, True)
        start = _after_space(text, _after_space(text, at) + 1)
        _, end = _DECODER.raw_decode(text, start)
        yield key, (start, end)
        at = _after_space(text, end)
        at = _after_space(text, at + 1) if text[at] == "," else at


def _entries(text: str, at: int) -> Iterator[tuple[Any, Span]]:
    """Place and span of each entry of the list that begins here."""
    at, place = _after_space(text, at + 1), 0
    while text[at] != "]":
        _, end = _DECODER.raw_decode(text, at)
        yield place, (at, end)
        at, place = _after_space(text, end), place + 1
        at = _after_space(text, at + 1) if text[at] == "," else at


def _cuts(spans: Sequence[Span], gone: Collection[Span], text: str) -> Iterator[Span]:
    """What has to be cut out so that these entries are gone: each with what stands between it and the next.

    Where the last entries go, what stands before them goes with them; of JSON Lines, the end of the line.
    """
    kept = [number for number, span in enumerate(spans) if span not in gone]
    last = kept[-1] if kept else -1
    for number, span in enumerate(spans):
        if span in gone and number < last:
            yield span[0], spans[number + 1][0]
    if last + 1 < len(spans):
        separated = "," in text[spans[last][1] : spans[last + 1][0]] if kept else True
        start = (spans[last][1] if separated else spans[last + 1][0]) if kept else spans[0][0]
        end = spans[-1][1]
        yield start, end if separated or text[end : end + 1] != "\n" else end + 1
