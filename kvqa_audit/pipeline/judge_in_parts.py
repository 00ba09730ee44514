"""A table that does not fit into memory comes in; outcomes, and all findings in files, go out, part by part.

A part is a task: whoever works on it writes its findings into one file under a name that hangs on the table, the
description and the part, and gives back the outcomes alone. What a killed run has written is not done again.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kvqa_audit import __version__
from kvqa_audit.artifacts.atomic_file import write_atomically
from kvqa_audit.checks.parts import checks_in_parts, not_judged_in_parts, over_all_parts
from kvqa_audit.engine.executor import Executor, WorkerError
from kvqa_audit.ingest.table_in_parts import ROWS_A_PART, Part, TableInParts, part_table, read_part
from kvqa_audit.model import CheckOutcome, Finding, OutcomeStatus, Severity
from kvqa_audit.spec.dataset_spec import DatasetSpec

if TYPE_CHECKING:
    from kvqa_audit.checks.base import Evidence

FINDINGS = "findings"
_OUTCOMES, _COUNTS = b"kvqa_outcomes", b"kvqa_counts"
# What in a finding's evidence are rows.
_ROWS = ("row", "rows", "first_row")
Counts = Counter[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class JudgedInParts:
    """What came of it: the outcomes, how many findings each check has of each severity, and what was not judged.

    `not_judged` maps codes to reasons. All findings are in the files of `folder`, one a part.
    """

    table: TableInParts
    outcomes: tuple[CheckOutcome, ...]
    counts: Mapping[tuple[str, str], int]
    not_judged: Mapping[str, str]
    folder: Path

    def exit_code(self, fail_on: str) -> int:
        """0 clean, 1 findings of this severity or a higher one (`never` is none), 3 where a check errored."""
        if any(one.outcome is OutcomeStatus.ERRORED for one in self.outcomes):
            return 3
        severe = fail_on != "never" and any(Severity(name).rank >= Severity(fail_on).rank for _, name in self.counts)
        return 1 if severe else 0

    def record(self) -> dict[str, Any]:
        """All of it as JSON values."""
        return {
            "rows": self.table.rows,
            "parts": self.table.parts,
            "findings": str(self.folder),
            "checks": [asdict(one) for one in self.outcomes],
            "not_judged": dict(self.not_judged),
        }


@dataclass(frozen=True, slots=True)
class _PartTask:
    number: int
    table: TableInParts
    target: Path

    @property
    def local_paths(self) -> tuple[str, ...]:
        return (str(self.table.rows_file),)


def judge_in_parts(
    path: Path,
    spec: DatasetSpec,
    out: Path,
    *,
    pool: Executor,
    memory_mb: int,
    rows_a_part: int = ROWS_A_PART,
    on_progress: Callable[[int], None] | None = None,
) -> JudgedInParts:
    """Judges the rows of one Parquet file with memory for some parts at once; the findings are those of the whole.

    Args:
        path: the table.
        spec: what it is meant to be.
        out: where the findings go, and meanwhile the sorted rows.
        pool: whoever works on the parts.
        memory_mb: what the sorting may use.
        rows_a_part: about how many rows are judged at once.
        on_progress: is told how many more rows are judged.

    Raises:
        SourceError: the table cannot be read in parts.
        OutputError: `out` cannot be written.
        WorkerError: a part could not be judged.
    """
    table = part_table(path, spec.columns, out, memory_mb, rows_a_part)
    folder = out / FINDINGS
    names = [f"{_digest(table, spec)}-{number:06d}.parquet" for number in range(table.parts)]
    told: dict[int, tuple[tuple[CheckOutcome, ...], Counts]] = {}
    for number, name in enumerate(names):
        if (folder / name).exists():
            told[number] = _told_by(folder / name)
    tasks = (_PartTask(number, table, folder / name) for number, name in enumerate(names) if number not in told)
    for answer in pool.map_unordered(judge_part, tasks, pool.share(spec), item_timeout_seconds=0):
        if answer.value is None:
            failure = "" if answer.failure is None else f"{answer.failure.kind}: {answer.failure.detail}"
            raise WorkerError(f"part {answer.task.number} of {path} could not be judged ({failure})")
        told[answer.task.number] = answer.value
        if on_progress is not None:
            on_progress(min(rows_a_part, table.rows))
    for stale in folder.glob("*.parquet"):
        if stale.name not in names:
            stale.unlink()
    table.rows_file.unlink(missing_ok=True)
    outcomes = over_all_parts([told[number][0] for number in range(table.parts)])
    counts = sum((one for _, one in told.values()), Counts())
    return JudgedInParts(table, outcomes, counts, not_judged_in_parts(spec), folder)


def judge_part(
    task: _PartTask, done: frozenset[int], spec: DatasetSpec
) -> Iterator[tuple[tuple[CheckOutcome, ...], Counts]]:
    """Writes the findings of a part, check by check, and gives its outcomes and counts."""
    import pyarrow.parquet as pq

    from kvqa_audit.artifacts.tables import findings_table
    from kvqa_audit.checks.runner import run_check

    if done:
        return
    part = read_part(task.table, task.number)
    evidence = _evidence(part, spec)
    outcomes: list[CheckOutcome] = []
    counts = Counts()
    content = io.BytesIO()
    with pq.ParquetWriter(content, findings_table([]).schema, compression="zstd") as writer:
        for check in checks_in_parts(spec):
            outcome, findings = run_check(check, evidence)
            outcomes.append(outcome)
            counts.update((finding.check, finding.severity.value) for finding in findings)
            if findings:
                writer.write_table(findings_table(_of_the_whole(finding, part) for finding in findings))
        kept = {_OUTCOMES: [asdict(one) for one in outcomes], _COUNTS: [[*key, n] for key, n in counts.items()]}
        writer.add_key_value_metadata({name.decode(): json.dumps(value) for name, value in kept.items()})
    write_atomically(task.target, content.getvalue())
    yield tuple(outcomes), counts


def _evidence(part: Part, spec: DatasetSpec) -> Evidence:
    from kvqa_audit.answers.distributions import Distributions
    from kvqa_audit.answers.rules import judge_rules
    from kvqa_audit.checks.base import Evidence
    from kvqa_audit.contracts.row_schema import check_rows
    from kvqa_audit.pipeline.evidence import absent_columns

    table = part.table
    splits = {} if table.splits else {"splits": "the dataset has no splits"}
    return Evidence(
        spec=spec,
        table=table,
        contract=check_rows(table, spec, part.written),
        promises={},
        rules=judge_rules(table.frame, spec),
        distributions=Distributions(),
        absent={**absent_columns(table), **splits},
    )


def _of_the_whole(finding: Finding, part: Part) -> Finding:
    """The finding with the rows of the whole table in place of those of the part."""

    def whole(value: Any) -> Any:
        return [whole(one) for one in value] if isinstance(value, (list, tuple)) else int(part.rows[value])

    evidence = {name: whole(value) if name in _ROWS else value for name, value in finding.evidence.items()}
    return replace(finding, row=None if finding.row is None else int(part.rows[finding.row]), evidence=evidence)


def _told_by(file: Path) -> tuple[tuple[CheckOutcome, ...], Counts]:
    """What the worker that wrote this file gave back."""
    import pyarrow.parquet as pq

    known = pq.read_metadata(file).metadata
    outcomes = [
        CheckOutcome(**{**one, "severity": Severity(one["severity"]), "outcome": OutcomeStatus(one["outcome"])})
        for one in json.loads(known[_OUTCOMES])
    ]
    return tuple(outcomes), Counts({(code, name): number for code, name, number in json.loads(known[_COUNTS])})


def _digest(table: TableInParts, spec: DatasetSpec) -> str:
    facts = f"{table.digest} {__version__} {spec.model_dump_json()}"
    return hashlib.sha256(facts.encode("utf-8", "backslashreplace")).hexdigest()[:16]
