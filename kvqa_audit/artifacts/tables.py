"""Findings, pairs, fingerprints, shares and rows come in; Arrow tables and CSV go out, and the records back."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import MISSING, fields
from datetime import date
from typing import TYPE_CHECKING, Any

from kvqa_audit.json_text import value_of_json
from kvqa_audit.model import (
    AnswerRows,
    AnswerShare,
    DuplicatePair,
    Finding,
    FindingDecision,
    FindingStatus,
    FrozenEvidence,
    ImageFingerprint,
    Severity,
    Tier,
)

if TYPE_CHECKING:
    import pyarrow as pa

FINDING_COLUMNS = (
    "key",
    "check",
    "severity",
    "status",
    "img_id",
    "question",
    "answer",
    "row",
    "score",
    "related",
    "message",
    "evidence",
    "suggestion",
)
# Empty where nobody decided about the finding.
DECISION_COLUMNS = ("decision", "decided_by", "decided_at", "reason", "until")
# For programs: what the finding rests on, and what a decision was made on that holds no more. Not in the CSV.
EVIDENCE_COLUMNS = ("frozen_evidence", "decided_on")
PAIR_COLUMNS = ("left", "right", "tier", "distance", "similarity", "transform", "group")
# What folders of earlier versions do not have.
LATER_COLUMNS = ("embedded", *DECISION_COLUMNS, *EVIDENCE_COLUMNS)
_SIGN, _BLANK = r"[=+\-@\uff1d\uff0b\uff0d\uff20]", r"\s\u200b\ufeff"
_FORMULA = re.compile(rf"[\t\r\n]|[{_BLANK}]*{_SIGN}")
# Where a spreadsheet splits at another mark than at commas, quotes hold neither a cell together nor a line. What is
# passed over is no such mark itself, so that no text is looked at again from each of its marks.
_PASSED_OVER = r"(?:[^\S\t\r\n]|[\u200b\ufeff\"])*"
_FORMULA_WITHIN = re.compile(rf"(?<=[;|\t\r\n])(?={_PASSED_OVER}{_SIGN})")
_SIGN_WITHIN_JSON = re.compile(rf"(?<=[;|])({_PASSED_OVER})({_SIGN})")
# A picture, however small, does not belong into a file of facts that may leave the building.
NOT_STORED = ("thumbnail",)


def storable(text: str | None) -> str | None:
    """Text that UTF-8 can hold: a lone surrogate (from a file name that is no UTF-8) becomes `\\udcXX` in letters."""
    return None if text is None else text.encode("utf-8", "backslashreplace").decode()


def no_formula(cell: Any) -> Any:
    """A cell for a spreadsheet: an apostrophe stands before a text that would be run as a formula.

    And within the text, wherever a cell begins for a spreadsheet that splits at semicolons, tabs or pipes. Some pass
    over what is blank before it, and take the wide forms of East Asian text for the signs.
    """
    if not isinstance(cell, str):
        return cell
    guarded = _FORMULA_WITHIN.sub("'", cell)
    return f"'{guarded}" if _FORMULA.match(cell) else guarded


def json_without_formula(text: str) -> str:
    """JSON of the same meaning for such a cell: a sign within a text that would begin a formula is told by number."""
    return _SIGN_WITHIN_JSON.sub(lambda found: f"{found[1]}\\u{ord(found[2]):04x}", text)


def finding_row(finding: Finding) -> dict[str, Any]:
    """A finding in the columns of the contract."""
    return {
        "key": finding.key,
        "check": finding.check,
        "severity": finding.severity.value,
        "status": finding.status.value,
        "img_id": storable(finding.img_id),
        "question": storable(finding.question),
        "answer": storable(finding.answer),
        "row": finding.row,
        "score": finding.score,
        "related": [storable(other) for other in finding.related],
        "message": storable(finding.message),
        "evidence": json.dumps(finding.evidence, ensure_ascii=True, sort_keys=True, allow_nan=False),
        "suggestion": storable(finding.suggestion),
        **_decision_cells(finding.decision),
    }


def _decision_cells(decision: FindingDecision | None) -> dict[str, str | None]:
    if decision is None:
        return dict.fromkeys(DECISION_COLUMNS)
    return {
        "decision": decision.verdict,
        "decided_by": storable(decision.decided_by),
        "decided_at": decision.decided_at.isoformat(),
        "reason": storable(decision.reason),
        "until": None if decision.until is None else decision.until.isoformat(),
    }


def _decision_of(row: dict[str, Any]) -> FindingDecision | None:
    verdict, who, when, reason, until = (row.get(name) for name in DECISION_COLUMNS)
    if verdict is None or who is None or when is None or reason is None:
        return None
    last_day = date.fromisoformat(until) if until else None
    decided_on = _evidence_of(row.get("decided_on"))
    return FindingDecision(verdict, who, date.fromisoformat(when), reason, last_day, decided_on)


def _evidence_cells(finding: Finding) -> dict[str, str | None]:
    decided_on = None if finding.decision is None else finding.decision.decided_on
    both = zip(EVIDENCE_COLUMNS, (finding.frozen_evidence, decided_on), strict=True)
    return {name: None if one is None else json.dumps(one.as_json(), ensure_ascii=True) for name, one in both}


def _evidence_of(cell: str | None) -> FrozenEvidence | None:
    return None if cell is None else FrozenEvidence.of_json(value_of_json(cell))


def findings_table(findings: Iterable[Finding]) -> pa.Table:
    """All findings, a row each."""
    import pyarrow as pa

    kinds = {"row": pa.int64(), "score": pa.float64(), "related": pa.list_(pa.string())}
    names = (*FINDING_COLUMNS, *DECISION_COLUMNS, *EVIDENCE_COLUMNS)
    schema = pa.schema([(name, kinds.get(name, pa.string())) for name in names])
    return pa.Table.from_pylist([{**finding_row(f), **_evidence_cells(f)} for f in findings], schema=schema)


def findings_csv(findings: Iterable[Finding]) -> bytes:
    """The same but the frozen evidence as CSV in UTF-8 for people's spreadsheets; `related` is a JSON list, or empty.

    A text that a spreadsheet would take for a formula has an apostrophe before it here, not in the Parquet file.
    """
    text = io.StringIO(newline="")
    columns = (*FINDING_COLUMNS, *DECISION_COLUMNS)
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    # Before Python 3.13 a lone carriage return is not quoted, and readers take it for the end of the row.
    quoting = csv.DictWriter(text, columns, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writeheader()
    for finding in findings:
        row = finding_row(finding)
        related = json.dumps(row["related"], ensure_ascii=False) if row["related"] else ""
        told = {
            name: json_without_formula(cell) for name, cell in (("related", related), ("evidence", row["evidence"]))
        }
        cells = {name: no_formula(cell) for name, cell in {**row, **told}.items()}
        (quoting if any("\r" in cell for cell in cells.values() if isinstance(cell, str)) else writer).writerow(cells)
    return text.getvalue().encode()


def pairs_table(pairs: Iterable[DuplicatePair]) -> pa.Table:
    """All verified pairs, a row each."""
    import pyarrow as pa

    text = ("left", "right", "tier", "transform", "group")
    kinds = {"distance": pa.int64(), "similarity": pa.float64()}
    schema = pa.schema([(name, kinds.get(name, pa.string())) for name in PAIR_COLUMNS])
    rows = []
    for pair in pairs:
        row = {name: storable(str(getattr(pair, name))) for name in text}
        rows.append({**row, "distance": pair.distance_bits, "similarity": pair.similarity})
    return pa.Table.from_pylist(rows, schema=schema)


def answers_table(rows: AnswerRows) -> pa.Table:
    """The audited rows, in their order."""
    import pyarrow as pa

    columns = {f.name: [storable(cell) for cell in getattr(rows, f.name)] for f in fields(AnswerRows)}
    return pa.table(columns, schema=pa.schema([(name, pa.string()) for name in columns]))


def fingerprints_table(fingerprints: Iterable[ImageFingerprint]) -> pa.Table:
    """All fingerprints, a row an image."""
    return _record_table(ImageFingerprint, fingerprints)


def profile_table(profile: Iterable[AnswerShare]) -> pa.Table:
    """How often each answer was given, by source and question."""
    return _record_table(AnswerShare, profile)


def empty() -> dict[str, pa.Table]:
    """The tables of the contract but the answers, by name, without rows: the columns that each has."""
    return {
        "findings": findings_table(()),
        "duplicates": pairs_table(()),
        "fingerprints": fingerprints_table(()),
        "profile": profile_table(()),
    }


def refuse_gaps(read: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
    """
    Raises:
        ValueError: a row of fingerprints or of the profile has no value where each has one.
    """
    for name, record in (("fingerprints", ImageFingerprint), ("profile", AnswerShare)):
        always = [f.name for f in fields(record) if f.default is MISSING and not str(f.type).endswith("| None")]
        for row in read[name]:
            if (gap := next((field for field in always if row.get(field) is None), None)) is not None:
                raise ValueError(f"{name}.parquet has a row without {gap!r}")


def _record_table(record: type, rows: Iterable[Any]) -> pa.Table:
    """A table with a column for every field of a flat dataclass, so that a new field cannot be forgotten here."""
    import pyarrow as pa

    kinds = {"int": pa.int64(), "float": pa.float64(), "str": pa.string(), "tuple[str, ...]": pa.list_(pa.string())}
    names = {f.name: str(f.type).removesuffix(" | None") for f in fields(record) if f.name not in NOT_STORED}
    rows = tuple(rows)
    columns: dict[str, list[Any]] = {}
    for name, kind in names.items():
        values = [getattr(row, name) for row in rows]
        columns[name] = [storable(value) for value in values] if kind == "str" else values
    return pa.table(columns, schema=pa.schema([(name, kinds[kind]) for name, kind in names.items()]))


def finding_of(row: dict[str, Any]) -> Finding:
    """The finding that such a row tells; folders of earlier versions know nothing of who decided."""
    return Finding(
        **{
            **{name: row[name] for name in FINDING_COLUMNS},
            "decision": _decision_of(row),
            "frozen_evidence": _evidence_of(row.get("frozen_evidence")),
            "severity": Severity(row["severity"]),
            "status": FindingStatus(row["status"]),
            "related": tuple(row["related"]),
            "evidence": value_of_json(row["evidence"]),
        }
    )


def pair_of(row: dict[str, Any]) -> DuplicatePair:
    """The pair that such a row tells."""
    row = dict(row)
    return DuplicatePair(tier=Tier(row.pop("tier")), distance_bits=row.pop("distance"), **row)


def fingerprint_of(row: dict[str, Any]) -> ImageFingerprint:
    """The fingerprint that such a row tells; folders of earlier versions know nothing of embedded metadata."""
    return ImageFingerprint(**{**row, "embedded": tuple(row.get("embedded") or ())})


def answer_rows(table: pa.Table) -> AnswerRows:
    """The rows of the file; equal cells are one text in memory."""
    once: dict[str, str] = {}
    columns = {f.name: table.column(f.name).to_pylist() for f in fields(AnswerRows)}
    return AnswerRows(**{name: tuple(once.setdefault(c, c) for c in cells) for name, cells in columns.items()})


def fingerprints_of(content: bytes) -> tuple[ImageFingerprint, ...]:
    """The fingerprints that a `fingerprints.parquet` holds."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    return tuple(fingerprint_of(row) for row in pq.read_table(pa.BufferReader(content)).to_pylist())
