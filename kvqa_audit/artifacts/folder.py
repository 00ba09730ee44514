"""A finished audit comes in and its machine-readable files go out, and back: the artifact contract, version 1."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from kvqa_audit.artifacts import tables
from kvqa_audit.artifacts.atomic_file import write_atomically
from kvqa_audit.errors import ArtifactError
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
    Metrics,
    OutcomeStatus,
    PairKind,
    Repair,
    Severity,
    Stage,
)

if TYPE_CHECKING:
    import pyarrow as pa


def write_artifacts(run: AuditRun, out: Path) -> None:
    """Writes all files of the contract but the report, each under its final name only once it is whole.

    `audit.json` comes last: a folder that has it is the folder of a finished audit.

    Raises:
        OutputError: the folder cannot be made or written, or the disk is full.
    """
    if run.rows is None:
        (out / "answers.parquet").unlink(missing_ok=True)
    for name, content in packed(run):
        write_atomically(out / name, content)


def packed(run: AuditRun) -> Iterator[tuple[str, bytes]]:
    """The files of the contract as name and content, `audit.json` last."""
    yield "findings.parquet", _parquet(tables.findings_table(run.findings))
    yield "findings.csv", tables.findings_csv(run.findings)
    yield "duplicates.parquet", _parquet(tables.pairs_table(run.pairs))
    yield "fingerprints.parquet", _parquet(tables.fingerprints_table(run.fingerprints))
    yield "profile.parquet", _parquet(tables.profile_table(run.profile))
    if run.rows is not None:
        yield "answers.parquet", _parquet(tables.answers_table(run.rows))
    yield "audit.json", json.dumps(audit_record(run), ensure_ascii=True, indent=1, allow_nan=False).encode()


def write_pairs(pairs: Iterable[DuplicatePair], path: Path) -> None:
    """Writes verified pairs as Parquet, as the contract has them.

    Raises:
        OutputError: the file cannot be written.
    """
    write_atomically(path, _parquet(tables.pairs_table(pairs)))


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

    def read(name: str) -> bytes | None:
        try:
            return (folder / name).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise ArtifactError(f"{folder / name}: cannot be read: {error.strerror}") from None

    return unpacked(read, str(folder))


def unpacked(read: Callable[[str], bytes | None], place: str) -> AuditRun:
    """A finished audit out of its files.

    Args:
        read: gives the content of the file of this name, None where there is none.
        place: where the files are, for the error messages.

    Raises:
        ArtifactError: files are missing or damaged, or are of another version of the contract.
    """
    import pyarrow as pa

    try:
        record = json.loads(_needed(read, "audit.json", place))
        if record["schema_version"] != SCHEMA_VERSION:
            raise ArtifactError(
                f"{place}/audit.json: is of version {record['schema_version']}; this program reads version "
                f"{SCHEMA_VERSION}; audit the dataset again"
            )
        names = ("findings", "duplicates", "fingerprints", "profile")
        of_file = {name: _table(_needed(read, f"{name}.parquet", place)).to_pylist() for name in names}
        answers = read("answers.parquet")
        rows = None if answers is None else tables.answer_rows(_table(answers))
        return _run_of(record, of_file, rows)
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as error:
        raise ArtifactError(f"{place}: holds damaged artifacts ({type(error).__name__}: {error})") from None


def _needed(read: Callable[[str], bytes | None], name: str, place: str) -> bytes:
    content = read(name)
    if content is None:
        raise ArtifactError(f"{place}/{name}: is missing; {place} is not the folder of a finished audit")
    return content


def _table(content: bytes) -> pa.Table:
    import pyarrow as pa
    import pyarrow.parquet as pq

    return pq.read_table(pa.BufferReader(content))


def _run_of(record: dict[str, Any], of_file: dict[str, list[dict[str, Any]]], rows: AnswerRows | None) -> AuditRun:
    measured = dict(record["metrics"])
    docs = {code: _doc_of(doc) for code, doc in measured.pop("checks").items()}
    outcomes = [
        replace(CheckOutcome(**o), severity=Severity(o["severity"]), outcome=OutcomeStatus(o["outcome"]))
        for o in record["checks"]
    ]
    return AuditRun(
        record["run_id"],
        record["started_at"],
        record["finished_at"],
        record["tool"],
        DatasetFacts(**{**record["dataset"], "tables": tuple(record["dataset"].get("tables", ()))}),
        tuple(outcomes),
        docs,
        tuple(tables.finding_of(row) for row in of_file["findings"]),
        tuple(tables.pair_of(row) for row in of_file["duplicates"]),
        tuple(tables.fingerprint_of(row) for row in of_file["fingerprints"]),
        tuple(AnswerShare(**row) for row in of_file["profile"]),
        cast("Metrics", measured),
        tuple(Stage(**stage) for stage in record["stages"]),
        record["exit_code"],
        rows,
    )


def _doc_of(doc: dict[str, Any]) -> CheckDoc:
    pair, repair = doc.get("pair"), doc.get("repair")
    return CheckDoc(**{**doc, "pair": PairKind(pair) if pair else None, "repair": Repair(repair) if repair else None})


def findings_as_json(outcomes: Iterable[CheckOutcome], findings: Iterable[Finding], exit_code: int) -> str:
    """Outcomes and findings as one JSON text, in the words of the contract."""
    record = {
        "schema_version": SCHEMA_VERSION,
        "checks": [asdict(outcome) for outcome in outcomes],
        "findings": [{**tables.finding_row(finding), "evidence": dict(finding.evidence)} for finding in findings],
        "exit_code": exit_code,
    }
    return json.dumps(record, ensure_ascii=True, indent=1, allow_nan=False)


def _parquet(table: pa.Table) -> bytes:
    import pyarrow.parquet as pq

    content = io.BytesIO()
    pq.write_table(table, content, compression="zstd")
    return content.getvalue()
