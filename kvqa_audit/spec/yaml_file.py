"""A YAML file comes in; plain data and the line of every key go out. The file is hostile until read.

Only plain mappings, lists and scalars are taken: no tags, no anchors (an alias bomb needs them), no repeated keys.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from kvqa_audit.errors import SpecError

# The parser in C reads the shipped description in a tenth of the time; it is there in every usual build.
_PARSER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
MAX_FILE_BYTES = 5_000_000
MAX_DEPTH = 30


@dataclass(frozen=True)
class YamlFile:
    """The parsed file; `lines` maps the path to a value, such as `("questions", 3, "text")`, to its 1-based line."""

    path: Path
    data: Any
    lines: dict[tuple[str | int, ...], int]

    def where(self, location: tuple[str | int, ...]) -> str:
        """`file, line N, key a.b.c`, with the line of the nearest enclosing key that stands in the file."""
        key = ".".join(map(str, location)) or "(top level)"
        for length in range(len(location), -1, -1):
            line = self.lines.get(location[:length])
            if line is not None:
                return f"{self.path}, line {line}, key {key}"
        return f"{self.path}, key {key}"


def read_yaml(path: Path) -> YamlFile:
    """Reads one file.

    Raises:
        SpecError: the file is missing, too large, not UTF-8, not YAML, or uses tags, anchors or repeated keys.
    """
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise SpecError(
                f"{path}: is larger than {MAX_FILE_BYTES:,} bytes; a dataset description is a few kilobytes"
            )
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise SpecError(f"{path}: there is no such file; a dataset description needs it") from None
    except UnicodeDecodeError as error:
        raise SpecError(f"{path}: byte {error.start} is not UTF-8; save the file as UTF-8") from None
    except OSError as error:
        raise SpecError(f"{path}: cannot be read: {error.strerror}") from None
    try:
        _refuse_bombs(path, text)
        node = yaml.compose(text, Loader=_PARSER)
        lines: dict[tuple[str | int, ...], int] = {}
        data = None if node is None else _construct(path, node, (), lines)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = f", line {mark.line + 1}" if mark else ""
        raise SpecError(f"{path}{line}: is not valid YAML: {error.problem or error.context}") from None
    except yaml.YAMLError as error:
        raise SpecError(f"{path}: is not valid YAML: {error}") from None
    return YamlFile(path, data, lines)


def _refuse_bombs(path: Path, text: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=_PARSER):
        line = event.start_mark.line + 1 if event.start_mark else "?"
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise SpecError(f"{path}, line {line}: anchors and aliases are not allowed; write the value out")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise SpecError(f"{path}, line {line}: is nested too deeply for a dataset description")


def _construct(path: Path, node: yaml.Node, at: tuple[str | int, ...], lines: dict[tuple[str | int, ...], int]) -> Any:
    lines.setdefault(at, node.start_mark.line + 1)
    if not node.tag.startswith("tag:yaml.org,2002:") or "python/" in node.tag:
        raise SpecError(f"{path}, line {node.start_mark.line + 1}: the tag {node.tag} is not allowed")
    if isinstance(node, yaml.MappingNode):
        mapping: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            key = _scalar(path, key_node)
            if key in mapping:
                raise SpecError(
                    f"{path}, line {key_node.start_mark.line + 1}: the key {key!r} stands twice in one mapping"
                )
            lines[(*at, key)] = key_node.start_mark.line + 1
            mapping[key] = _construct(path, value_node, (*at, key), lines)
        return mapping
    if isinstance(node, yaml.SequenceNode):
        return [_construct(path, item, (*at, n), lines) for n, item in enumerate(node.value)]
    return _scalar(path, node)


def _scalar(path: Path, node: yaml.Node) -> Any:
    if not isinstance(node, yaml.ScalarNode):
        raise SpecError(f"{path}, line {node.start_mark.line + 1}: a key has to be plain text")
    loader = yaml.SafeLoader("")
    try:
        return loader.construct_object(node)
    except ValueError as error:
        raise SpecError(f"{path}, line {node.start_mark.line + 1}: {error}") from None
    finally:
        loader.dispose()
