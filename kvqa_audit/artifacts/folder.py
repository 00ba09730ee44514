"""A finished audit comes in and its machine-readable files go out, and back: the artifact contract, version 2."""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from kvqa_audit.artifacts import tables
from kvqa_audit.artifacts.atomic_file import write_atomically
from kvqa_audit.artifacts.out_folder import RECORD, make_sure_it_is_apart
from kvqa_audit.artifacts.record import read_record
from kvqa_audit.errors import ArtifactError, OutputError, SourceError
from kvqa_audit.ingest.read_bytes import MAX_TABLE_BYTES, read_table_bytes
from kvqa_audit.model import (
    SCHEMA_VERSION,
    AnswerRows,
    AnswerShare,
    AuditRun,
    CheckDoc,
    CheckOutcome,
    Counts,
    DatasetFacts,
    DuplicatePair,
    Finding,
    Metrics,
    OutcomeStatus,
    PairKind,
    Repair,
    Severity,
    Stage,
    VerdictRecord,
)
from kvqa_audit.regular_file import read_regular_file

if TYPE_CHECKING:
    import pyarrow as pa


PAIRS, ANSWERS = "duplicates.parquet", "answers.parquet"
_NO_ROWS = AnswerRows((), (), (), ())


def write_artifacts(run: AuditRun, out: Path) -> None:
    """Writes all files of the contract but the report, each under its final name only once it is whole.

    Raises:
        OutputError: the folder cannot be made or written, or the disk is full.
    """
    for name, content in packed(run):
        write_atomically(out / name, content)


def packed(run: AuditRun) -> Iterator[tuple[str, bytes]]:
    """The files of the contract as name and content; `audit.json`, with the digest and rows of the others, is last."""
    shares = {
        "findings.parquet": tables.findings_table(run.findings),
        "duplicates.parquet": tables.pairs_table(run.pairs),
        "fingerprints.parquet": tables.fingerprints_table(run.fingerprints),
        "profile.parquet": tables.profile_table(run.profile),
    }
    if run.rows is not None:
        shares[ANSWERS] = tables.answers_table(run.rows)
    contents = {name: (_parquet(table), table.num_rows) for name, table in shares.items()}
    contents["findings.csv"] = (tables.findings_csv(run.findings), len(run.findings))
    files = {}
    for name, (content, rows) in contents.items():
        files[name] = {"sha256": hashlib.sha256(content).hexdigest(), "rows": rows}
        yield name, content
    record = {**audit_record(run), "files": files}
    # One value a line: indented, a record of 60,000 questions takes seconds and a hundred megabytes.
    lines = (f"{json.dumps(key)}: {json.dumps(value, allow_nan=False)}" for key, value in record.items())
    yield RECORD, ("{\n" + ",\n".join(lines) + "\n}\n").encode()


def make_sure_pairs_can_be_written(out: Path, source: str) -> None:
    """Raises before the work, not after it, where the list of pairs could not be written.

    Raises:
        OutputError: the folder is not apart from the source, holds anything but such a list, or cannot be written.
    """
    import pyarrow as pa

    make_sure_it_is_apart(out, source)
    try:
        out.mkdir(parents=True, exist_ok=True)
        others = [path.name for path in out.iterdir() if path.name not in (PAIRS, f".{PAIRS}.part")]
        if (out / PAIRS).is_file():
            found = _table(read_regular_file(out / PAIRS, MAX_TABLE_BYTES)).column_names
            others += [] if found == list(tables.PAIR_COLUMNS) else [PAIRS]
    except OSError as error:
        raise OutputError(f"{out}: cannot be written: {error.strerror}; give another folder with --out") from None
    except pa.ArrowException:
        others = [PAIRS]
    if others:
        raise OutputError(f"{out}: holds {others[0]}, which is no list of duplicates; name a new folder with --out")
    if not os.access(out, os.W_OK | os.X_OK):
        raise OutputError(f"{out}: cannot be written: Permission denied; give another folder with --out")


def write_pairs(pairs: Iterable[DuplicatePair], path: Path) -> None:
    """Writes verified pairs as Parquet, as the contract has them.

    Raises:
        OutputError: the file cannot be written.
    """
    write_atomically(path, _parquet(tables.pairs_table(pairs)))


def audit_record(run: AuditRun) -> dict[str, Any]:
    """What `audit.json` holds beside the digests of the other files, as plain data."""
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
        "verdict": None if run.verdict is None else asdict(run.verdict),
        "description": run.description,
    }


def read_artifacts(folder: Path) -> AuditRun:
    """Reads a finished audit back from its folder.

    Raises:
        ArtifactError: files are missing or damaged, or are of another version of the contract.
    """

    def read(name: str) -> bytes | None:
        try:
            return read_table_bytes(folder / name)
        except SourceError as error:
            if not os.path.lexists(folder / name):
                return None
            raise ArtifactError(str(error)) from None

    return unpacked(read, str(folder))


def unpacked(read: Callable[[str], bytes | None], place: str) -> AuditRun:
    """A finished audit out of its files, if each is the one that `audit.json` tells of.

    Args:
        read: gives the content of the file of this name, None where there is none.
        place: where the files are, for the error messages.

    Raises:
        ArtifactError: files are missing, damaged or not those of the record, or are of another version of the contract.
    """
    record = read_record(_needed(read, RECORD, place), f"{place}/{RECORD}")
    told: dict[str, dict[str, Any]] | None = record.get("files")

    def rows(name: str, wanted: pa.Schema) -> pa.Table:
        content = _needed(read, name, place)
        about = None if told is None else told[name]
        if about is not None and hashlib.sha256(content).hexdigest() != about["sha256"]:
            raise ArtifactError(f"{place}/{name}: is not the file that {RECORD} tells of; audit the dataset again")
        table = _checked_table(content, wanted, f"{place}/{name}")
        if about is not None and table.num_rows != about["rows"]:
            raise ArtifactError(f"{place}/{name}: has {table.num_rows:,} rows, {RECORD} tells of {about['rows']:,}")
        return table

    has_answers = read(ANSWERS) is not None if told is None else ANSWERS in told
    try:
        of_file = {
            name: rows(f"{name}.parquet", of_nothing.schema).to_pylist() for name, of_nothing in tables.empty().items()
        }
        tables.refuse_gaps(of_file)
        answers = tables.answer_rows(rows(ANSWERS, tables.answers_table(_NO_ROWS).schema)) if has_answers else None
        run = _run_of(record, of_file, answers)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        told_error = f"{type(error).__name__}: {str(error)[:200]}"
        raise ArtifactError(f"{place}: holds damaged artifacts ({told_error}); audit the dataset again") from None
    _make_sure_all_is_there(run, place)
    return run


def run_without_rows(record: bytes, place: str) -> AuditRun:
    """What `audit.json` alone tells of an audit: all but findings, pairs, fingerprints and profile.

    Raises:
        ArtifactError: it is damaged, or of another version of the contract.
    """
    return _run_of(read_record(record, place), defaultdict(list), None)


def _make_sure_all_is_there(run: AuditRun, place: str) -> None:
    """Raises where the findings are not those that the outcomes count: what was taken out would not block."""
    counted = Counter(finding.check for finding in run.findings)
    codes = Counter(outcome.code for outcome in run.outcomes)
    unknown = sorted((counted.keys() | codes.keys()) - (codes.keys() & run.docs.keys()))
    if unknown or max(codes.values(), default=1) > 1:
        name = unknown[0] if unknown else codes.most_common(1)[0][0]
        raise ArtifactError(
            f"{place}: {name[:40]!r} is no check of this audit, or stands twice; audit the dataset again"
        )
    for outcome in run.outcomes:
        passed = outcome.outcome is OutcomeStatus.PASSED and outcome.violations
        if counted[outcome.code] != outcome.violations or passed:
            raise ArtifactError(
                f"{place}: {outcome.code} has {counted[outcome.code]:,} findings, {RECORD} tells of "
                f"{outcome.violations:,}, and that it {outcome.outcome}; audit the dataset again"
            )


def _needed(read: Callable[[str], bytes | None], name: str, place: str) -> bytes:
    content = read(name)
    if content is None:
        raise ArtifactError(f"{place}/{name}: is missing; {place} is not the folder of a finished audit")
    return content


def _checked_table(content: bytes, wanted: pa.Schema, place: str) -> pa.Table:
    import pyarrow as pa

    try:
        table = _table(content)
    except (pa.ArrowException, OSError) as error:
        told = str(error).splitlines()[0][:200]
        raise ArtifactError(f"{place}: is damaged ({told}); audit the dataset again") from None
    for field in wanted:
        found = table.schema.get_all_field_indices(field.name)
        if not found and field.name in tables.LATER_COLUMNS:
            continue
        if len(found) != 1 or table.schema.field(found[0]).type != field.type:
            raise ArtifactError(f"{place}: has no column {field.name} of type {field.type}; audit the dataset again")
    return table.select([name for name in wanted.names if name in table.column_names])


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
        _verdict_of(record.get("verdict")),
        record.get("description"),
    )


def _verdict_of(record: dict[str, Any] | None) -> VerdictRecord | None:
    """The verdict that audit.json tells; version 1 did not."""
    if record is None:
        return None
    lists = {name: tuple(record[name]) for name in ("reasons", "blockers", "warnings", "not_checked")}
    spared = tuple(record.get("spared", ()))
    return VerdictRecord(
        record["ready"], record["sentence"], findings=Counts(**record["findings"]), spared=spared, **lists
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
