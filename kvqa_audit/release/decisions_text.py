"""The text of a decisions file and decisions come in; the text with more or fewer of them goes out."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

from kvqa_audit.ingest.csv_records import csv_line, csv_records
from kvqa_audit.model import FrozenEvidence
from kvqa_audit.release.decisions import CorrectedAnswer, Decision, DecisionVerdict
from kvqa_audit.release.decisions_file import FIELDS, VERSIONS, is_csv, read_decisions

_YAML_LINE = re.compile("[^\r\n\x85\u2028\u2029]*(?:\r\n|[\r\n\x85\u2028\u2029]|$)")
_HEADER = "# What was decided about the findings of kvqa-audit. The last decision about one thing counts.\n"


def with_added(path: Path, text: str, decisions: Iterable[Decision]) -> str:
    """The file's text with decisions added at its end; what stands there is not touched. An empty text is begun."""
    decisions = list(decisions)
    start = opened(path, text, decisions)
    return start + entries(path, start, decisions)


def opened(path: Path, text: str, decisions: Iterable[Decision]) -> str:
    """The file's text, such that entries for these decisions can follow; an empty one is begun."""
    if is_csv(path):
        return _with_columns(_ended(text), decisions) if text.strip() else csv_line(FIELDS)
    start = _ended(text) if text.strip() else f"{_HEADER}version: {VERSIONS[-1]}\ndecisions:\n"
    empty = re.search(r"^decisions:[ \t]*(\[\]|null|~)[ \t]*$", start, re.MULTILINE)
    return f"{start[: empty.start()]}decisions:{start[empty.end() :]}" if empty else start


def entries(path: Path, text: str, decisions: Iterable[Decision]) -> str:
    """The entries of these decisions as they follow on such a text."""
    if is_csv(path):
        header = next(csv_records(text)).cells
        return "".join(csv_line([_cell(decision, name) for name in header]) for decision in decisions)
    indent = re.search(r"^decisions:.*\n(?:[ \t]*(?:#.*)?\n)*( *)- ", text, re.MULTILINE)
    return "".join(_as_yaml(decision, indent[1] if indent else "  ") for decision in decisions)


def without(path: Path, text: str, decisions: Collection[Decision]) -> str:
    """The file's text without these decisions, found by their lines; comments and order stay."""
    gone = {decision.line for decision in decisions}
    if is_csv(path):
        return "".join(record.text for record in csv_records(text) if record.line not in gone)
    lines = [line for line in _YAML_LINE.findall(text) if line]
    starts = sorted(decision.line for decision in read_decisions(path) if decision.line is not None)
    for start, following in reversed(list(zip(starts, [*starts[1:], len(lines) + 1], strict=True))):
        if start in gone:
            end = following - 1
            while end > start and (not lines[end - 1].strip() or lines[end - 1].lstrip().startswith("#")):
                end -= 1
            del lines[start - 1 : end]
    return "".join(lines)


def _with_columns(text: str, decisions: Iterable[Decision]) -> str:
    """The CSV with a column for all that the decisions say, blank in the rows that are there."""
    records, decisions = list(csv_records(text)), list(decisions)
    needed = [name for name in FIELDS if name not in records[0].cells and any(_cell(one, name) for one in decisions)]
    if not needed:
        return text
    widened = [csv_line([*records[0].cells, *needed])]
    return "".join([*widened, *(csv_line([*one.cells, *([""] * len(needed))]) for one in records[1:])])


def _ended(text: str) -> str:
    return text if text.endswith("\n") else text + "\n"


def _as_yaml(decision: Decision, indent: str) -> str:
    lines = []
    for name in FIELDS:
        value = _plain(decision, name)
        if value is not None:
            written = str(value) if isinstance(value, date | DecisionVerdict) else _flow(value)
            lines.append(f"{name}: {written}\n")
    return f"{indent}- " + f"{indent}  ".join(lines)


def _plain(decision: Decision, name: str) -> Any:
    """The field as text, day, list or mapping; None where there is nothing to write."""
    value = getattr(decision, name)
    if isinstance(value, CorrectedAnswer):
        return asdict(value)
    if isinstance(value, FrozenEvidence):
        return value.as_json()
    return None if value == () else value


def _flow(value: Any) -> str:
    """The value in one line of YAML."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{name}: {_flow(one)}' for name, one in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_flow, value))}]"
    if not isinstance(value, str):
        # YAML 1.1 takes 1e-05 for a text.
        return re.sub(r"^(-?\d+)e", r"\1.0e", json.dumps(value))
    if value.isascii() and value.isprintable():
        return json.dumps(value)
    import yaml

    return yaml.safe_dump(value, default_style='"', allow_unicode=True, width=10**9).rstrip("\n")


def _cell(decision: Decision, name: str) -> str:
    value = _plain(decision, name)
    if isinstance(value, dict | tuple):
        return json.dumps(value, ensure_ascii=False)
    return "" if value is None else str(value)
