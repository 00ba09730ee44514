"""Outcomes of the checks over the parts of a table come in; those over all of it go out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from kvqa_audit.checks.base import Check
from kvqa_audit.checks.kv001_unexpected_columns import unexpected_columns
from kvqa_audit.checks.kv016_spelling_variants import spelling_variants
from kvqa_audit.checks.kv017_odd_spaces import odd_spaces
from kvqa_audit.checks.kv018_answer_of_another_kind import answer_of_another_kind
from kvqa_audit.checks.kv409_split_leak_by_id import split_leak_by_id
from kvqa_audit.checks.row_checks import ROW_CHECKS
from kvqa_audit.checks.rule_checks import check_of_rule
from kvqa_audit.model import CheckOutcome, OutcomeStatus
from kvqa_audit.spec.dataset_spec import DatasetSpec

# They hold a row against all others, not against those of its image alone.
NOT_IN_PARTS = (spelling_variants, odd_spaces, answer_of_another_kind)
# About the file: the first part tells it for all.
OF_THE_FILE = (unexpected_columns.code,)


def checks_in_parts(spec: DatasetSpec) -> tuple[Check, ...]:
    """The checks for which all rows of an image are enough; a rule that is limited to some rows is none of them."""
    rules = [check_of_rule(rule) for rule in spec.rules if rule.rows is None]
    return (*(check for check in ROW_CHECKS if check not in NOT_IN_PARTS), *rules, split_leak_by_id)


def not_judged_in_parts(spec: DatasetSpec) -> Mapping[str, str]:
    """Code → why, of the checks of rows and the rules that need the whole table at once."""
    whole = {check.code: "holds each row against all others" for check in NOT_IN_PARTS}
    return whole | {f"KV30-{rule.id}": "is limited to some rows" for rule in spec.rules if rule.rows is not None}


def over_all_parts(parts: Sequence[Sequence[CheckOutcome]]) -> tuple[CheckOutcome, ...]:
    """The outcomes of all parts, each check's together; each part has the same checks in the same order."""
    return tuple(_together(outcomes) for outcomes in zip(*parts, strict=True))


def _together(outcomes: Sequence[CheckOutcome]) -> CheckOutcome:
    first = outcomes[0]
    judged = outcomes[:1] if first.code in OF_THE_FILE else outcomes
    evaluated, violations = sum(one.evaluated for one in judged), sum(one.violations for one in judged)
    by_status = {one.outcome: one for one in reversed(judged)}
    order = (OutcomeStatus.ERRORED, OutcomeStatus.FAILED, OutcomeStatus.PASSED, *OutcomeStatus)
    said = next(by_status[status] for status in order if status in by_status)
    return replace(
        said,
        evaluated=evaluated,
        violations=violations,
        measured=violations / evaluated if evaluated else None,
        seconds=round(sum(one.seconds for one in judged), 6),
    )
