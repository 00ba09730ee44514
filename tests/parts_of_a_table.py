"""A table judged in parts and at once: what both found, in a form that can be compared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from kvqa_audit.answers.distributions import describe
from kvqa_audit.answers.rules import judge_rules
from kvqa_audit.artifacts.tables import findings_table
from kvqa_audit.checks.parts import checks_in_parts
from kvqa_audit.checks.runner import run_checks
from kvqa_audit.contracts.expectations import judge_expectations
from kvqa_audit.engine.executor import Executor
from kvqa_audit.ingest.open import open_dataset
from kvqa_audit.model import CheckOutcome
from kvqa_audit.pipeline.judge_in_parts import JudgedInParts, judge_in_parts
from kvqa_audit.pipeline.judge_part import absent_from, evidence_of
from kvqa_audit.spec.dataset_spec import DatasetSpec

Found = tuple[dict[str, CheckOutcome], list[dict[str, Any]]]


def at_once(path: Path, spec: DatasetSpec) -> Found:
    """The outcomes and findings of the whole table in memory, of all checks that parts and counts can judge."""
    table = open_dataset(str(path), spec, table_only=True).table
    absent = absent_from(table, spec)
    evidence = replace(
        evidence_of(table, spec, absent, rules=judge_rules(table.frame, spec)),
        promises=judge_expectations(table, spec, absent),
        distributions=describe(table.frame, spec),
    )
    checks = checks_in_parts(spec)
    outcomes, findings = run_checks((*checks.by_part, *checks.whole), evidence)
    return timeless(outcomes), sorted(findings_table(findings).to_pylist(), key=str)


def in_parts(path: Path, spec: DatasetSpec, out: Path, pool: Executor, rows_a_part: int) -> JudgedInParts:
    return judge_in_parts(path, spec, out, pool=pool, memory_mb=200, rows_a_part=rows_a_part)


def found_in(judged: JudgedInParts) -> Found:
    """As `at_once`: what was judged on a sample is left out."""
    outcomes = [one for one in judged.outcomes if one.code not in judged.of_sample]
    findings = (finding for finding in on_disk(judged) if finding["check"] not in judged.of_sample)
    return timeless(outcomes), sorted(findings, key=str)


def on_disk(judged: JudgedInParts) -> Iterator[dict[str, Any]]:
    for path in sorted(judged.folder.iterdir()):
        yield from pq.read_table(path).to_pylist()


def timeless(outcomes: tuple[CheckOutcome, ...] | list[CheckOutcome]) -> dict[str, CheckOutcome]:
    return {one.code: replace(one, seconds=0.0) for one in outcomes}
