"""A table and its description come in; what its rows, promises, rules and answers tell by themselves goes out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kvqa_audit.progress import Clock, Progress

if TYPE_CHECKING:
    from kvqa_audit.answers.distributions import Distributions
    from kvqa_audit.answers.rules import RuleResult
    from kvqa_audit.answers.study import AnswerStudy
    from kvqa_audit.contracts.promises import PromiseResult
    from kvqa_audit.contracts.row_schema import RowContract
    from kvqa_audit.ingest.dataset import Table
    from kvqa_audit.model import Stage
    from kvqa_audit.spec.dataset_spec import DatasetSpec


@dataclass(frozen=True, slots=True)
class JudgedTable:
    """What the table tells without its pictures."""

    contract: RowContract
    promises: Mapping[str, PromiseResult]
    distributions: Distributions
    rules: Mapping[str, RuleResult]
    study: AnswerStudy


def judge_table(table: Table, spec: DatasetSpec, absent: Mapping[str, str], clock: Clock) -> JudgedTable:
    """Takes a table through all stages that need no picture.

    Args:
        table: the rows.
        spec: what the dataset is meant to be.
        absent: what is not there and why, as in `Evidence.absent`.
        clock: times the stages.

    Raises:
        SpecError: a promise or a rule cannot be evaluated.
    """
    from kvqa_audit.answers.distributions import describe
    from kvqa_audit.answers.rules import judge_rules
    from kvqa_audit.answers.study import study_table
    from kvqa_audit.contracts.promises import judge_promises
    from kvqa_audit.contracts.row_schema import check_rows

    frame = table.frame
    with clock.stage("judge the rows", len(frame)):
        contract = check_rows(table, spec)
    with clock.stage("judge the promises", len(spec.promises)):
        promises = judge_promises(table, spec, absent)
    with clock.stage("describe the answers", len(frame)):
        distributions = describe(frame, spec)
    with clock.stage("judge the rules", len(spec.rules)):
        rules = judge_rules(frame, spec)
    with clock.stage("study the answers", len(frame)):
        study = study_table(frame, spec)
    return JudgedTable(contract, promises, distributions, rules, study)


def judge_table_unseen(
    table: Table, spec: DatasetSpec, absent: Mapping[str, str]
) -> tuple[JudgedTable, tuple[Stage, ...]]:
    """As judge_table, in a process whose progress nobody sees: the stages come back with the outcome."""
    clock = Clock(Progress())
    return judge_table(table, spec, absent, clock), tuple(clock.stages)
