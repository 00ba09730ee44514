"""A finished audit comes in and its machine-readable files go out, and back: the artifact contract, version 1."""

from __future__ import annotations

import csv
import io
import json
import os
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kvqa_audit.errors import ArtifactError, OutputError
from kvqa_audit.model import (
    SCHEMA_VERSION,
    AnswerRows,
    AnswerShare,
    AuditRun,
    CheckDoc,
    CheckOutcome,
    DatasetFacts,
    DuplicatePair,
    Finding,
    FindingStatus,
    ImageFingerprint,
    OutcomeStatus,
    Severity,
    Stage,
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
# A picture, however small, does not belong into a file of facts that may leave the building.
NOT_STORED = ("thumbnail",)


def write_artifacts(run: AuditRun, out: Path) -> None:
    """Writes all files of the contract but the report, each under its final name only once it is whole.

    `audit.json` comes last: a folder that has it is the folder of a finished audit.

    Raises:
        OutputError: the folder cannot be made or written, or the disk is full.
    """
    write_whole(out / "findings.parquet", _parquet(_findings_table(run.findings)))
    write_whole(out / "findings.csv", lambda file: file.write(_findings_csv(run.findings)))
    write_pairs(run.pairs, out / "duplicates.parquet")
    write_whole(out / "fingerprints.parquet", _parquet(_fingerprints_table(run.fingerprints)))
    write_whole(out / "profile.parquet", _parquet(_profile_table(run.profile)))
    if run.rows is not None:
        write_whole(out / "answers.parquet", _parquet(_answers_table(run.rows)))
    text = json.dumps(audit_record(run), ensure_ascii=True, indent=1, allow_nan=False)
    write_whole(out / "audit.json", lambda file: file.write(text.encode()))


def write_pairs(pairs: Iterable[DuplicatePair], path: Path) -> None:
    """Writes verified pairs as Parquet, as the contract has them.

    Raises:
        OutputError: the file cannot be written.
    """
    write_whole(path, _parquet(_pairs_table(pairs)))


def write_whole(path: Path, write: Callable[[Any], object]) -> None:
    """Lets `write` fill a binary file beside `path` and renames it: a killed run leaves nothing half-written there.

    Raises:
        OutputError: the file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    except OSError as error:
        raise _unwritable(path, error) from None
    try:
        with os.fdopen(handle, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o666 & ~_umask())
        Path(name).replace(path)
    except OSError as error:
        raise _unwritable(path, error) from None
    finally:
        Path(name).unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _unwritable(path: Path, error: OSError) -> OutputError:
    return OutputError(
        f"{path}: cannot be written: {error.strerror}; give another folder with --out, or make room in this one"
    )


def audit_record(run: AuditRun) -> dict[str, Any]:
    """What `audit.json` holds, as plain data."""
    return {
        "schema_version": SCHEMA_VERSION,
        "run_id": run.run_id,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "tool": dict(run.tool),
        "dataset": asdict(run.dataset),
        "checks": [asdict(outcome) for outcome in run.outcomes],
        "metrics": {**run.metrics, "checks": {code: asdict(doc) for code, doc in run.docs.items()}},
        "stages": [asdict(stage) for stage in run.stages],
        "exit_code": run.exit_code,
    }


def read_artifacts(folder: Path) -> AuditRun:
    """Reads a finished audit back from its folder.

    Raises:
        ArtifactError: files are missing or damaged, or are of another version of the contract.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        record = json.loads((folder / "audit.json").read_text(encoding="utf-8"))
        if record["schema_version"] != SCHEMA_VERSION:
            raise ArtifactError(
                f"{folder}/audit.json: is of version {record['schema_version']}; this program reads version "
                f"{SCHEMA_VERSION}; audit the dataset again"
            )
        tables = {
            name: pq.read_table(folder / f"{name}.parquet").to_pylist()
            for name in ("findings", "duplicates", "fingerprints", "profile")
        }
        return replace(_run_of(record, tables), rows=_answer_rows(folder / "answers.parquet"))
    except FileNotFoundError as error:
        raise ArtifactError(f"{error.filename}: is missing; {folder} is not the folder of a finished audit") from None
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as error:
        raise ArtifactError(f"{folder}: holds damaged artifacts ({type(error).__name__}: {error})") from None


def _run_of(record: dict[str, Any], tables: dict[str, list[dict[str, Any]]]) -> AuditRun:
    metrics = dict(record["metrics"])
    docs = {code: CheckDoc(**doc) for code, doc in metrics.pop("checks").items()}
    outcomes = [
        replace(CheckOutcome(**o), severity=Severity(o["severity"]), outcome=OutcomeStatus(o["outcome"]))
        for o in record["checks"]
    ]
    return AuditRun(
        record["run_id"],
        record["started_at"],
        record["finished_at"],
        record["tool"],
        DatasetFacts(**record["dataset"]),
        tuple(outcomes),
        docs,
        tuple(_finding_of(row) for row in tables["findings"]),
        tuple(_pair_of(row) for row in tables["duplicates"]),
        tuple(ImageFingerprint(**row) for row in tables["fingerprints"]),
        tuple(AnswerShare(**row) for row in tables["profile"]),
        metrics,
        tuple(Stage(**stage) for stage in record["stages"]),
        record["exit_code"],
    )


def _answer_rows(path: Path) -> AnswerRows | None:
    """The audited rows, or None in a folder of an earlier version, which has no such file."""
    import pyarrow.parquet as pq

    if not path.exists():
        return None
    table = pq.read_table(path)
    return AnswerRows(**{f.name: tuple(table.column(f.name).to_pylist()) for f in fields(AnswerRows)})


def _finding_of(row: dict[str, Any]) -> Finding:
    return Finding(
        **{
            **row,
            "severity": Severity(row["severity"]),
            "status": FindingStatus(row["status"]),
            "related": tuple(row["related"]),
            "evidence": json.loads(row["evidence"]),
        }
    )


def _pair_of(row: dict[str, Any]) -> DuplicatePair:
    row = dict(row)
    return DuplicatePair(tier=Tier(row.pop("tier")), distance_bits=row.pop("distance"), **row)


def _parquet(table: pa.Table) -> Callable[[Any], object]:
    import pyarrow.parquet as pq

    return lambda file: pq.write_table(table, file, compression="zstd")


def storable(text: str | None) -> str | None:
    """Text that UTF-8 can hold: a lone surrogate (from a file name that is no UTF-8) becomes `\\udcXX` in letters."""
    return None if text is None else text.encode("utf-8", "backslashreplace").decode()


def _finding_row(finding: Finding) -> dict[str, Any]:
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
    }


def findings_as_json(outcomes: Iterable[CheckOutcome], findings: Iterable[Finding], exit_code: int) -> str:
    """Outcomes and findings as one JSON text, in the words of the contract."""
    record = {
        "schema_version": SCHEMA_VERSION,
        "checks": [asdict(outcome) for outcome in outcomes],
        "findings": [{**_finding_row(finding), "evidence": dict(finding.evidence)} for finding in findings],
        "exit_code": exit_code,
    }
    return json.dumps(record, ensure_ascii=True, indent=1, allow_nan=False)


def _findings_table(findings: Iterable[Finding]) -> pa.Table:
    import pyarrow as pa

    kinds = {"row": pa.int64(), "score": pa.float64(), "related": pa.list_(pa.string())}
    schema = pa.schema([(name, kinds.get(name, pa.string())) for name in FINDING_COLUMNS])
    return pa.Table.from_pylist([_finding_row(f) for f in findings], schema=schema)


def _findings_csv(findings: Iterable[Finding]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, FINDING_COLUMNS, lineterminator="\n")
    writer.writeheader()
    for finding in findings:
        row = _finding_row(finding)
        writer.writerow({**row, "related": json.dumps(row["related"], ensure_ascii=False) if row["related"] else ""})
    return text.getvalue().encode()


def _pairs_table(pairs: Iterable[DuplicatePair]) -> pa.Table:
    import pyarrow as pa

    text = ("left", "right", "tier", "transform", "group")
    names = ("left", "right", "tier", "distance", "similarity", "transform", "group")
    kinds = {"distance": pa.int64(), "similarity": pa.float64()}
    schema = pa.schema([(name, kinds.get(name, pa.string())) for name in names])
    rows = []
    for pair in pairs:
        row = {name: storable(str(getattr(pair, name))) for name in text}
        rows.append({**row, "distance": pair.distance_bits, "similarity": pair.similarity})
    return pa.Table.from_pylist(rows, schema=schema)


def _answers_table(rows: AnswerRows) -> pa.Table:
    import pyarrow as pa

    columns = {f.name: [storable(cell) for cell in getattr(rows, f.name)] for f in fields(AnswerRows)}
    return pa.table(columns, schema=pa.schema([(name, pa.string()) for name in columns]))


def _fingerprints_table(fingerprints: Iterable[ImageFingerprint]) -> pa.Table:
    return _record_table(ImageFingerprint, fingerprints)


def _profile_table(profile: Iterable[AnswerShare]) -> pa.Table:
    return _record_table(AnswerShare, profile)


def _record_table(record: type, rows: Iterable[Any]) -> pa.Table:
    """A table with a column for every field of a flat dataclass, so that a new field cannot be forgotten here."""
    import pyarrow as pa

    kinds = {"int": pa.int64(), "float": pa.float64(), "str": pa.string()}
    names = {f.name: str(f.type).removesuffix(" | None") for f in fields(record) if f.name not in NOT_STORED}
    rows = tuple(rows)
    columns: dict[str, list[Any]] = {}
    for name, kind in names.items():
        values = [getattr(row, name) for row in rows]
        columns[name] = [storable(value) for value in values] if kind == "str" else values
    return pa.table(columns, schema=pa.schema([(name, kinds[kind]) for name, kind in names.items()]))
