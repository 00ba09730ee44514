"""A YAML file comes in; plain data and the line of every key go out. The file is hostile until read.

Only plain mappings, lists and scalars are taken: no tags, no anchors (an alias bomb needs them), no repeated keys, no
number beyond 64 bits or that is none.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from kvqa_audit.errors import SpecError
from kvqa_audit.regular_file import read_regular_file
from kvqa_audit.spec.faults import Location

# The parser in C reads the shipped description in a tenth of the time; it is there in every usual build.
_PARSER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
MAX_FILE_BYTES = 5_000_000
MAX_DEPTH = 30
MAX_VALUES = 500_000
MAX_NUMBER_CHARACTERS = 60
MAX_SHOWN_CHARACTERS = 120
_CORE = "tag:yaml.org,2002:"
_TEXT = f"{_CORE}str"
NO_TEXT = re.compile("[\0\ud800-\udfff]")


@dataclass(frozen=True)
class YamlFile:
    """The parsed file; `lines` maps the path to a value, such as `("questions", 3, "text")`, to its 1-based line."""

    path: Path
    data: Any
    lines: dict[Location, int]

    def where(self, location: Location) -> str:
        """`file, line N, key a.b.c`, with the line of the nearest enclosing key that stands in the file."""
        key = _as_key(location) or "(top level)"
        for length in range(len(location), -1, -1):
            line = self.lines.get(location[:length])
            if line is not None:
                return f"{self.path}, line {line}, key {key}"
        return f"{self.path}, key {key}"


def read_yaml(path: Path, max_bytes: int = MAX_FILE_BYTES) -> YamlFile:
    """Reads one file of at most so many bytes.

    Raises:
        SpecError: the file is missing, too large, not UTF-8, not YAML, or uses tags, anchors or repeated keys.
    """
    try:
        text = read_regular_file(path, max_bytes).decode("utf-8-sig")
    except FileNotFoundError:
        raise SpecError(f"{path}: there is no such file; a dataset description needs it") from None
    except UnicodeDecodeError as error:
        raise SpecError(f"{path}: byte {error.start} is not UTF-8; save the file as UTF-8") from None
    except OSError as error:
        raise SpecError(f"{path}: cannot be read: {error.strerror}") from None
    try:
        _refuse_bombs(path, text)
        node = yaml.compose(text, Loader=_PARSER)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = f", line {mark.line + 1}" if mark else ""
        raise SpecError(f"{path}{line}: is not valid YAML: {error.problem or error.context}") from None
    except yaml.YAMLError as error:
        raise SpecError(f"{path}: is not valid YAML: {error}") from None
    except (ArithmeticError, ValueError):  # the parser in Python lets an escape through that is no character
        raise SpecError(f"{path}: is not valid YAML: an escape such as \\U00000041 names no character") from None
    reading = _Reading(path)
    data = None if node is None else reading.value(node, ())
    return YamlFile(path, data, reading.lines)


def _refuse_bombs(path: Path, text: str) -> None:
    depth = values = 0
    for event in yaml.parse(text, Loader=_PARSER):
        line = event.start_mark.line + 1 if event.start_mark else "?"
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise SpecError(f"{path}, line {line}: anchors and aliases are not allowed; write the value out")
        if tag := getattr(event, "tag", None):
            shown = _short(tag.replace(_CORE, "!!"))
            raise SpecError(
                f"{path}, line {line}: the tag {shown} is not allowed; write the value without it, a text in quotes"
            )
        values += isinstance(event, yaml.NodeEvent)
        if values > MAX_VALUES:
            raise SpecError(f"{path}, line {line}: holds more than {MAX_VALUES:,} keys and values; leave some out")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise SpecError(f"{path}, line {line}: is nested too deeply; at most {MAX_DEPTH} levels are taken")


class _Reading:
    """Takes the values out of one file's nodes, and keeps the line of each."""

    def __init__(self, path: Path) -> None:
        self.lines: dict[Location, int] = {}
        self._path = path
        self._scalars = yaml.constructor.SafeConstructor()

    def value(self, node: yaml.Node, at: Location) -> Any:
        line = node.start_mark.line + 1
        self.lines.setdefault(at, line)
        if isinstance(node, yaml.MappingNode):
            mapping: dict[Any, Any] = {}
            for key_node, value_node in node.value:
                key = self._scalar(key_node, at)
                if key in mapping:
                    raise SpecError(
                        f"{self._path}, line {key_node.start_mark.line + 1}: the key {_short(repr(key))} stands twice "
                        "in one mapping"
                    )
                self.lines[(*at, key)] = key_node.start_mark.line + 1
                mapping[key] = self.value(value_node, (*at, key))
            return mapping
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*at, number)) for number, item in enumerate(node.value)]
        return self._scalar(node, at)

    def _scalar(self, node: yaml.Node, at: Location) -> Any:
        """A text, a truth value, nothing, a day, or a number that fits 64 bits."""
        where = f"{self._path}, line {node.start_mark.line + 1}"
        if not isinstance(node, yaml.ScalarNode):
            raise SpecError(f"{where}: a key has to be plain text")
        if node.tag == _TEXT:
            if found := NO_TEXT.search(node.value):
                raise SpecError(f"{where}: holds {found[0]!a}, which no text can hold; remove it")
            return node.value
        where += f", key {key}" if (key := _as_key(at)) else ""
        advice = 'put it into quotes if it is a text: "…"'
        # No number or day is longer, and to read a longer one takes time that is not linear in its length.
        if len(node.value) > MAX_NUMBER_CHARACTERS:
            raise SpecError(f"{where}: {_short(node.value)} is too long for a number; {advice}")
        try:
            value = self._scalars.construct_object(node)
        except (ArithmeticError, ValueError) as error:
            raise SpecError(f"{where}: {_short(node.value)} cannot be read: {error}; {advice}") from None
        except yaml.constructor.ConstructorError:
            raise SpecError(f"{where}: {_short(node.value)} has a meaning of its own in YAML; {advice}") from None
        if isinstance(value, float) and not math.isfinite(value):
            raise SpecError(f"{where}: {_short(node.value)} is no finite number; {advice}")
        if isinstance(value, int) and abs(value) >= 2**63:
            raise SpecError(f"{where}: {_short(node.value)} is beyond 64 bits; {advice}")
        return value


def _as_key(at: Location) -> str:
    return _short(".".join(map(str, at)))


def _short(text: str) -> str:
    return text if len(text) <= MAX_SHOWN_CHARACTERS else text[: MAX_SHOWN_CHARACTERS - 1] + "…"
