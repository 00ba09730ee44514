"""A decisions file (YAML or CSV) comes in; its decisions go out, or what is wrong in it, and where.

Version 2 knows the evidence that was frozen with a decision. Files of version 1, which name none, are read as ever.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any

from kvqa_audit.errors import SpecError
from kvqa_audit.ingest.csv_records import csv_records
from kvqa_audit.json_text import value_of_json
from kvqa_audit.model import FrozenEvidence
from kvqa_audit.regular_file import read_regular_file
from kvqa_audit.release.decisions import CorrectedAnswer, Decision, DecisionVerdict
from kvqa_audit.spec.yaml_file import YamlFile, read_yaml

NAMES = ("decisions.yaml", "decisions.csv")
FIELDS = (
    "key",
    "check",
    "verdict",
    "reason",
    "who",
    "when",
    "expires",
    "img_id",
    "question",
    "answer",
    "related",
    "correction",
    "evidence",
)
REQUIRED = FIELDS[:6]
MAX_TEXT_CHARACTERS = 10_000
MAX_FILE_BYTES = 20_000_000
VERSIONS = (1, 2)
# What git puts around two versions of lines that it cannot bring together.
CONFLICT_MARKS = ("<<<<<<<", "=======", ">>>>>>>")
_NO_TEXTS = ("related", "correction", "evidence")
Where = Callable[[str], str]
_CORRECTION = '{"img_id": "…", "question": "…", "old_answer": "…", "answer": "…"}'
_EVIDENCE = '{"images": [{"img_id": "…", "sha256": "…"}], "judged_by": "version 1"}'
_KEY = re.compile(r"[0-9a-f]{16}")
_CHECK = re.compile(r"KV[0-9]{2,3}(-[A-Za-z][A-Za-z0-9_.]*)?")


def decisions_beside(source: str | Path) -> Path | None:
    """The decisions file in the dataset's own folder, or None; `source` is the folder or a file in it."""
    path = Path(source)
    folder = path if path.is_dir() else path.parent
    # A link to nowhere, or a pipe, is told when it is read; passed over, nobody would miss the decisions.
    found = [folder / name for name in NAMES if path.exists() and os.path.lexists(folder / name)]
    if len(found) > 1:
        raise SpecError(f"{folder}: holds both {' and '.join(NAMES)}; keep one of them")
    return found[0] if found else None


@dataclass(frozen=True, slots=True)
class DecisionsFile:
    """The decisions that hold for an audit, and the file they come from, None where there is none."""

    file: str | None
    decisions: tuple[Decision, ...]


def decisions_for(source: str | Path, named: Path | None, *, ignore: bool = False) -> DecisionsFile:
    """The decisions of the named file, or of the one in the source's own folder; none where they are ignored.

    Raises:
        SpecError: as for `read_decisions`.
    """
    path = None if ignore else named or decisions_beside(source)
    return DecisionsFile(None, ()) if path is None else DecisionsFile(str(path), read_decisions(path))


def read_decisions(path: Path, name: Path | None = None) -> tuple[Decision, ...]:
    """Reads a decisions file, in its order; the ending of its name (or of another that is given) tells its format.

    Raises:
        SpecError: the file cannot be read, or holds something that is no decision; the text names file, line and key.
    """
    return tuple(_of_csv(path) if is_csv(name or path) else _of_yaml(path))


def is_csv(path: Path) -> bool:
    """Whether the ending of a file's name says that it is a table."""
    return path.suffix.lower() == ".csv"


def _of_yaml(path: Path) -> Iterator[Decision]:
    if not path.exists():
        raise SpecError(f"{path}: there is no such decisions file; 'kvqa-audit review' begins one")
    for number, line in enumerate(text_of(path).splitlines(), 1):
        _refuse_mark(path, number, line)
    file = read_yaml(path, MAX_FILE_BYTES)
    data = file.data if file.data is not None else {}
    wrong = [(name,) for name in data if name not in ("version", "decisions")] if isinstance(data, dict) else [()]
    if wrong:
        told = "a decisions file holds 'version: 2', and 'decisions' with a list below it"
        raise SpecError(f"{file.where(wrong[0])}: {told}")
    version = data.get("version", 1)
    if version not in VERSIONS or isinstance(version, bool):
        told = f"{_short(version)} is no version that this program reads; {' and '.join(map(str, VERSIONS))} are"
        raise SpecError(f"{file.where(('version',))}: {told}")
    entries = data.get("decisions") or []
    if not isinstance(entries, list):
        raise SpecError(f"{file.where(('decisions',))}: has to be a list, each entry begun with '- key: …'")
    for number, entry in enumerate(entries):
        at: tuple[str | int, ...] = ("decisions", number)
        if not isinstance(entry, dict):
            raise SpecError(f"{file.where(at)}: has to hold keys and values, such as 'verdict: accepted'")
        where = partial(_where_in, file, at)
        yield _decision({str(name): value for name, value in entry.items()}, where, file.lines[at])


def _refuse_mark(path: Path, number: int, line: str) -> None:
    if line.startswith(CONFLICT_MARKS):
        raise SpecError(
            f"{path}, line {number}: two people decided differently here; keep the decision that holds, and take the "
            f"other one and the lines with {', '.join(CONFLICT_MARKS)} out"
        )


def _where_in(file: YamlFile, entry: tuple[str | int, ...], name: str) -> str:
    return file.where((*entry, name))


def _column_in(path: Path, line: int, name: str) -> str:
    return f"{path}, line {line}, column {name}"


def _of_csv(path: Path) -> Iterator[Decision]:
    records = csv_records(text_of(path))
    first = next(records, None)
    header = first.cells if first is not None else ()
    for name in header:
        if name not in FIELDS or header.count(name) > 1:
            raise SpecError(f"{path}, line 1: the column {name!r} is not known, or stands twice{_hint(name)}")
    for record in records:
        _refuse_mark(path, record.line, record.cells[0] if len(record.cells) == 1 else "")
        if len(record.cells) != len(header):
            raise SpecError(f"{path}, line {record.line}: has {len(record.cells)} cells; the header has {len(header)}")
        where = partial(_column_in, path, record.line)
        yield _decision(_typed(dict(zip(header, record.cells, strict=True)), where), where, record.line)


def text_of(path: Path) -> str:
    """The text of a decisions file, its line ends as they are.

    Raises:
        SpecError: it cannot be read, is too large or not UTF-8.
    """
    try:
        return read_regular_file(path, MAX_FILE_BYTES).decode("utf-8-sig")
    except FileNotFoundError:
        raise SpecError(f"{path}: there is no such decisions file; 'kvqa-audit review' begins one") from None
    except UnicodeDecodeError as error:
        raise SpecError(f"{path}: byte {error.start} is not UTF-8; save the file as UTF-8") from None
    except OSError as error:
        raise SpecError(f"{path}: cannot be read: {error.strerror}") from None


def _typed(cells: Mapping[str, str], where: Where) -> dict[str, Any]:
    """A CSV row as the YAML file would give it: dates, a list of related ids, and nothing where a cell is blank."""
    values: dict[str, Any] = {name: text for name, text in cells.items() if text.strip()}
    for name in ("when", "expires"):
        if name in values:
            try:
                values[name] = date.fromisoformat(values[name].strip())
            except ValueError:
                raise SpecError(f"{where(name)}: {_short(values[name])} is no day; write it as 2027-01-31") from None
    if (related := values.get("related", "").strip()).startswith("["):
        try:
            values["related"] = value_of_json(related)
        except ValueError:
            raise SpecError(f"{where('related')}: is not a list; write id; id") from None
    elif related:
        values["related"] = [one.strip() for one in related.split(";") if one.strip()]
    for name, example in (("correction", _CORRECTION), ("evidence", _EVIDENCE)):
        if name in values:
            try:
                values[name] = value_of_json(values[name])
            except ValueError:
                raise SpecError(f"{where(name)}: is not JSON; write {example}") from None
    return values


def _decision(values: Mapping[str, Any], where: Where, line: int) -> Decision:
    given = {name: value for name, value in values.items() if value is not None}
    _has_the_right_keys(given, where)
    days: dict[str, date] = {name: _day(given[name], name, where) for name in ("when", "expires") if name in given}
    texts = {name: _text(given[name], name, where) for name in given if name not in (*days, *_NO_TEXTS)}
    _makes_sense(texts, days, where)
    return Decision(
        key=texts["key"],
        check=texts["check"],
        verdict=DecisionVerdict(texts["verdict"]),
        reason=texts["reason"],
        who=texts["who"],
        when=days["when"],
        expires=days.get("expires"),
        img_id=texts.get("img_id"),
        question=texts.get("question"),
        answer=texts.get("answer"),
        related=_ids(given.get("related", []), "related", where),
        correction=_correction(given.get("correction"), texts["verdict"], where),
        evidence=_evidence(given.get("evidence"), where),
        line=line,
    )


def _has_the_right_keys(given: Mapping[str, Any], where: Where) -> None:
    for name in given:
        if name not in FIELDS:
            raise SpecError(f"{where(name)}: is not a known key{_hint(name)}")
    for name in REQUIRED:
        if name not in given:
            raise SpecError(f"{where(name)}: is missing; a decision needs {', '.join(REQUIRED)}")


def _makes_sense(texts: Mapping[str, str], days: Mapping[str, date], where: Where) -> None:
    verdicts = [verdict.value for verdict in DecisionVerdict]
    if not _KEY.fullmatch(texts["key"]):
        raise SpecError(f"{where('key')}: {_short(texts['key'])} is no finding's key, which has 16 hex digits")
    if not _CHECK.fullmatch(texts["check"]):
        raise SpecError(f"{where('check')}: {_short(texts['check'])} is no check's code, such as KV204")
    if texts["verdict"] not in verdicts:
        allowed = ", ".join(verdicts)
        raise SpecError(f"{where('verdict')}: {_short(texts['verdict'])} is no verdict; allowed are: {allowed}")
    for name, missing in (("reason", "why"), ("who", "who decided")):
        if not texts[name].strip():
            raise SpecError(f"{where(name)}: is blank; say {missing}")
    if "expires" in days and days["expires"] < days["when"]:
        raise SpecError(f"{where('expires')}: lies before the day of the decision, {days['when']}")


def _day(value: object, name: str, where: Where) -> date:
    if not isinstance(value, date) or isinstance(value, datetime):
        raise SpecError(f"{where(name)}: {_short(value)} is no day; write it as 2027-01-31, without quotes")
    return value


def _text(value: object, name: str, where: Where) -> str:
    if not isinstance(value, str):
        raise SpecError(f'{where(name)}: {_short(value)} is not read as text; put it into quotes: "…"')
    if len(value) > MAX_TEXT_CHARACTERS:
        raise SpecError(f"{where(name)}: has {len(value):,} characters; at most {MAX_TEXT_CHARACTERS:,} are allowed")
    return value


def _ids(value: object, name: str, where: Where) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise SpecError(f'{where(name)}: has to be a list of ids: ["…", "…"]')
    return tuple(_text(one, name, where) for one in value)


def _correction(value: object, verdict: str, where: Where) -> CorrectedAnswer | None:
    if value is None:
        return None
    parts = [one.name for one in fields(CorrectedAnswer)]
    if not isinstance(value, dict) or sorted(map(str, value)) != sorted(parts):
        raise SpecError(f"{where('correction')}: has to hold {', '.join(parts)}, such as {_CORRECTION}")
    if verdict != DecisionVerdict.CONFIRMED:
        raise SpecError(f"{where('correction')}: only a confirmed defect has one, this one is {verdict}")
    texts = {part: _text(value[part], "correction", where) for part in parts}
    if not texts["answer"].strip():
        raise SpecError(f"{where('correction')}: the answer is blank; say what is right")
    return CorrectedAnswer(**texts)


def _evidence(value: object, where: Where) -> FrozenEvidence | None:
    if value is None:
        return None
    try:
        return FrozenEvidence.of_json(value)
    except ValueError as error:
        raise SpecError(f"{where('evidence')}: {error}; leave it as it was written, or leave it out") from None


def _hint(name: str) -> str:
    close = difflib.get_close_matches(name, FIELDS, n=1)
    return f"{f'; did you mean {close[0]!r}?' if close else ';'} allowed are: {', '.join(FIELDS)}"


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:79] + "…"
