"""A description comes in; which checks are judged on the parts of a table, and why the others are not, goes out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from kvqa_audit.checks.base import Check
from kvqa_audit.checks.expectation_checks import check_of_expectation
from kvqa_audit.checks.kv001_unexpected_columns import unexpected_columns
from kvqa_audit.checks.kv016_spelling_variants import spelling_variants
from kvqa_audit.checks.kv017_odd_spaces import odd_spaces
from kvqa_audit.checks.kv018_answer_of_another_kind import answer_of_another_kind
from kvqa_audit.checks.kv121_unread_files import unread_files
from kvqa_audit.checks.kv350_suspicious_answer import suspicious_answer
from kvqa_audit.checks.kv351_suspicious_source import suspicious_source
from kvqa_audit.checks.kv401_constant_question import constant_question
from kvqa_audit.checks.kv402_dominant_answer import dominant_answer
from kvqa_audit.checks.kv403_question_missing_by_source import question_missing_by_source
from kvqa_audit.checks.kv404_rare_answer import rare_answer
from kvqa_audit.checks.kv409_split_leak_by_id import split_leak_by_id
from kvqa_audit.checks.kv412_split_leak_by_question import split_leak_by_question
from kvqa_audit.checks.kv415_misspelt_category import misspelt_category
from kvqa_audit.checks.kv416_accepted_answers_disagree import accepted_answers_disagree
from kvqa_audit.checks.kv604_missing_licence_or_citation import missing_licence_or_citation
from kvqa_audit.checks.registry import checks_for
from kvqa_audit.checks.row_checks import ROW_CHECKS
from kvqa_audit.checks.rule_checks import check_of_rule
from kvqa_audit.contracts.expectations_in_parts import told_by
from kvqa_audit.model import CheckOutcome, OutcomeStatus
from kvqa_audit.spec.dataset_spec import DatasetSpec

_AGAINST_ALL_OTHERS = (spelling_variants, odd_spaces, answer_of_another_kind)
_BY_PART = (
    *(check for check in ROW_CHECKS if check not in _AGAINST_ALL_OTHERS),
    split_leak_by_id,
    split_leak_by_question,
)
_OF_COUNTS = (constant_question, dominant_answer, question_missing_by_source, rare_answer)
_OF_A_SAMPLE = (suspicious_answer, suspicious_source)
_OF_OTHER_COLUMNS = (misspelt_category, accepted_answers_disagree)
_OF_PICTURES = {"images", "duplicates", "overlays", "ocr"}
# About the file: the first part tells it for all.
OF_THE_FILE = (unexpected_columns.code,)


@dataclass(frozen=True, slots=True)
class ChecksInParts:
    """How the checks of a description are judged where a table is read in parts; each check stands in one field.

    For those of `by_part` all rows of an image are enough, for those of `whole` what is counted over all parts, and
    those of `of_sample` are judged on some of the images. `not_judged` maps the codes of all others to the reason.
    """

    by_part: tuple[Check, ...]
    whole: tuple[Check, ...]
    of_sample: tuple[Check, ...]
    not_judged: Mapping[str, str]


def checks_in_parts(spec: DatasetSpec, *, counted: bool = True) -> ChecksInParts:
    """Sorts all checks of a description; `counted` says whether it is known how often which cells stand in the table.

    Raises:
        SpecError: the description switches off what is no check.
    """
    by_part = {check.code for check in (*_BY_PART, *map(check_of_rule, spec.rules))}
    told = {check_of_expectation(promise).code: told_by(promise) for promise in spec.promises}
    of_counts = {check.code for check in _OF_COUNTS} | {code for code, by in told.items() if by == "counts"}
    whole = {missing_licence_or_citation.code} | {code for code, by in told.items() if by == "parts"}
    whole |= of_counts if counted else set()
    of_sample = {check.code for check in _OF_A_SAMPLE}
    checks = checks_for(spec)
    return ChecksInParts(
        tuple(check for check in checks if check.code in by_part),
        tuple(check for check in checks if check.code in whole),
        tuple(check for check in checks if check.code in of_sample),
        {
            check.code: "need counts of more different cells than fit into memory"
            if check.code in of_counts
            else _why_not(check)
            for check in checks
            if check.code not in by_part | whole | of_sample
        },
    )


def _why_not(check: Check) -> str:
    if _OF_PICTURES & set(check.needs) or check.code == unread_files.code:
        return "need the pictures"
    if "groups" in check.needs or check.code in {one.code for one in _OF_OTHER_COLUMNS}:
        return "need columns that are not read in parts"
    return "hold each row against all others"


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
