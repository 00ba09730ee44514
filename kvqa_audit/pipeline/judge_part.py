"""A part of a large table comes in; a file with all its findings, and a summary that adds up over parts, go out.

The file holds the summary, too: what a killed run has written is not done again.
"""

from __future__ import annotations

import gc
import io
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kvqa_audit.artifacts.atomic_file import write_atomically
from kvqa_audit.checks.base import Check, Evidence
from kvqa_audit.checks.parts import checks_in_parts
from kvqa_audit.errors import SpecError
from kvqa_audit.ingest.dataset import ROLES, Table
from kvqa_audit.ingest.table import empty_table
from kvqa_audit.ingest.table_in_parts import Part, TableInParts, read_part
from kvqa_audit.model import CheckOutcome, Finding, OutcomeStatus, Severity
from kvqa_audit.spec.dataset_spec import DatasetSpec

if TYPE_CHECKING:
    import pandas as pd

    from kvqa_audit.answers.distributions import Spelt
    from kvqa_audit.answers.rules import RuleResult

# The part whose images stand for all: which part an image is in hangs on a hash of its id.
SAMPLE = 0
_SUMMARY = "kvqa_summary"
# What in a finding's evidence are rows.
_ROWS = ("row", "rows", "first_row")


@dataclass(frozen=True, slots=True)
class Summary:
    """What is told of some findings that were written: outcomes, and counts that add up over parts.

    `rows` were judged; `findings` counts by check and severity, `images` by source and question (see `Images`), `cells`
    by promise (see `CellCounts`).
    """

    outcomes: tuple[CheckOutcome, ...]
    rows: int = 0
    findings: Counter[tuple[str, str]] = field(default_factory=Counter)
    images: Counter[tuple[str | None, str | None]] = field(default_factory=Counter)
    cells: Counter[tuple[str, str]] = field(default_factory=Counter)

    def as_json(self) -> str:
        counts = {name: [[*key, n] for key, n in getattr(self, name).items()] for name in _COUNTS}
        return json.dumps({"outcomes": [asdict(one) for one in self.outcomes], "rows": self.rows, **counts})

    @classmethod
    def from_json(cls, text: str | bytes) -> Summary:
        told = json.loads(text)
        outcomes = (
            CheckOutcome(**{**one, "severity": Severity(one["severity"]), "outcome": OutcomeStatus(one["outcome"])})
            for one in told["outcomes"]
        )
        counts = (Counter({(first, second): n for first, second, n in told[name]}) for name in _COUNTS)
        return cls(tuple(outcomes), told["rows"], *counts)

    def add_counts(self, other: Summary) -> None:
        """Adds what counts of another one up to this one's; the outcomes stay."""
        for name in _COUNTS:
            getattr(self, name).update(getattr(other, name))


_COUNTS = ("findings", "images", "cells")


@dataclass(frozen=True)
class Counted:
    """The different cells of a whole table: source, question, answer and rows, and how they are spelt."""

    cells: pd.DataFrame
    spelt: Spelt


@dataclass(frozen=True, slots=True)
class PartTask:
    """A part by its number, and the file that its findings go into."""

    number: int
    table: TableInParts
    target: Path

    @property
    def local_paths(self) -> tuple[str, ...]:
        return (str(self.table.rows_file),)


def judge_part(
    task: PartTask, done: frozenset[int], spec: DatasetSpec, spelt: Spelt | None
) -> Iterator[Summary | SpecError]:
    """Judges all that the rows of a part tell by themselves, and counts what counts over all parts tell.

    Gives the error, where a promise or a rule cannot be evaluated: raised in a worker it would be taken for a fault of
    the program. `spelt` is of the whole table; None counts no images.
    """
    if done:
        return
    try:
        yield _summary(task, spec, spelt)
    except SpecError as error:
        yield error
    # Great Expectations leaves its batches, with all their rows, in cycles of few objects: nobody would come for them.
    gc.collect()


def _summary(task: PartTask, spec: DatasetSpec, spelt: Spelt | None) -> Summary:
    from kvqa_audit.answers.distributions import images_in
    from kvqa_audit.contracts.expectations_in_parts import count_cells

    part = read_part(task.table, task.number)
    absent = absent_from(part.table, spec)
    evidence = evidence_of(part.table, spec, absent, rules=_rules(part, spec), written=part.written)
    summary = Summary((), len(part.rows), cells=count_cells(part.table, spec, absent))
    if spelt is not None:
        summary.images.update(images_in(part.table.frame, spelt))
    return write_findings(checks_in_parts(spec).by_part, evidence, task.target, summary, part)


def judge_sample(table: TableInParts, spec: DatasetSpec, target: Path) -> Summary:
    """Judges on the images of one part what takes all rows of a table at once."""
    from kvqa_audit.answers.suspicion import rank_suspicious_answers

    part = read_part(table, SAMPLE)
    evidence = evidence_of(part.table, spec, absent_from(part.table, spec))
    evidence = replace(evidence, suspicion=rank_suspicious_answers(part.table.frame, spec))
    return write_findings(checks_in_parts(spec).of_sample, evidence, target, Summary((), len(part.rows)), part)


def judge_whole(
    table: TableInParts, spec: DatasetSpec, counted: Counted | None, parts: Summary, target: Path
) -> Summary:
    """Judges what counts over all parts tell.

    Args:
        counted: None where there are more different cells than are counted.
        parts: the summary of all parts together.
    """
    from kvqa_audit.answers.distributions import distributions_of
    from kvqa_audit.contracts.expectations_in_parts import judge_counts, judge_parts

    rows = replace(empty_table(), missing=tuple(role for role in ROLES if role not in table.roles))
    absent = absent_from(rows, spec)
    evidence = evidence_of(rows, spec, absent)
    promises = judge_parts(parts.cells, spec, absent)
    if counted is not None:
        of_sources = {source: n for (source, asked), n in parts.images.items() if source is not None and asked is None}
        promises |= judge_counts(counted.cells, of_sources, spec, absent)
        distributions = distributions_of(counted.cells, counted.spelt, parts.images)
        evidence = replace(evidence, distributions=distributions)
    checks = checks_in_parts(spec, counted=counted is not None).whole
    return write_findings(checks, replace(evidence, promises=promises), target, Summary((), table.rows))


def write_findings(
    checks: Iterable[Check], evidence: Evidence, target: Path, summary: Summary, part: Part | None = None
) -> Summary:
    """Writes what some checks find into a file, check by check, and gives the summary with it.

    Args:
        part: what the evidence is about; its rows are told as those of the whole table.
    """
    import pyarrow.parquet as pq

    from kvqa_audit.artifacts.tables import findings_table
    from kvqa_audit.checks.runner import run_check

    outcomes: list[CheckOutcome] = []
    content = io.BytesIO()
    with pq.ParquetWriter(content, findings_table([]).schema, compression="zstd") as writer:
        for check in checks:
            outcome, findings = run_check(check, evidence)
            outcomes.append(outcome)
            summary.findings.update((finding.check, finding.severity.value) for finding in findings)
            if findings:
                writer.write_table(findings_table(_of_the_whole(finding, part) for finding in findings))
        summary = replace(summary, outcomes=tuple(outcomes))
        writer.add_key_value_metadata({_SUMMARY: summary.as_json()})
    write_atomically(target, content.getvalue())
    return summary


def summary_in(file: Path) -> Summary:
    """What the worker that wrote this file gave back."""
    import pyarrow.parquet as pq

    return Summary.from_json(pq.read_metadata(file).metadata[_SUMMARY.encode()])


def absent_from(table: Table, spec: DatasetSpec) -> dict[str, str]:
    """Why checks of a table in parts are skipped, as in `Evidence.absent`."""
    from kvqa_audit.pipeline.evidence import WHY_NOT_WHOLE, absent_columns

    splits = {} if table.splits else {"splits": "the dataset has no splits"}
    return {**absent_columns(table), **splits, **({"whole dataset": WHY_NOT_WHOLE} if spec.subset else {})}


def evidence_of(
    table: Table,
    spec: DatasetSpec,
    absent: Mapping[str, str],
    *,
    rules: Mapping[str, RuleResult] | None = None,
    written: Mapping[tuple[str, str], int] | None = None,
) -> Evidence:
    """The evidence that rows give by themselves; `written` is as for `check_rows`."""
    from kvqa_audit.answers.distributions import Distributions
    from kvqa_audit.contracts.row_schema import check_rows

    contract = check_rows(table, spec, written)
    return Evidence(spec, table, contract, {}, rules or {}, Distributions(), absent=absent)


def _rules(part: Part, spec: DatasetSpec) -> Mapping[str, RuleResult]:
    """The rules, judged by the rows of the whole table, which they may be limited to; told by those of the part."""
    from kvqa_audit.answers.rules import judge_rules

    def in_the_part(row: int) -> int:
        return int(np.searchsorted(part.rows, row))

    results = judge_rules(part.table.frame.set_axis(part.rows), spec)
    return {
        rule: replace(result, rows={image: in_the_part(row) for image, row in result.rows.items()})
        for rule, result in results.items()
    }


def _of_the_whole(finding: Finding, part: Part | None) -> Finding:
    """The finding with the rows of the whole table in place of those of the part."""
    if part is None:
        return finding
    rows = part.rows

    def whole(value: Any) -> Any:
        return [whole(one) for one in value] if isinstance(value, (list, tuple)) else int(rows[value])

    evidence = {name: whole(value) if name in _ROWS else value for name, value in finding.evidence.items()}
    return replace(finding, row=None if finding.row is None else int(rows[finding.row]), evidence=evidence)
