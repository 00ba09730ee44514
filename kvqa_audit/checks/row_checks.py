"""Nothing comes in; the checks that judge rows alone, in the order of their codes, go out."""

from __future__ import annotations

from kvqa_audit.checks.base import Check
from kvqa_audit.checks.kv001_unexpected_columns import unexpected_columns
from kvqa_audit.checks.kv002_unreadable_rows import unreadable_rows
from kvqa_audit.checks.kv003_blank_cell import blank_cell
from kvqa_audit.checks.kv004_surrounding_whitespace import surrounding_whitespace
from kvqa_audit.checks.kv005_unknown_source import unknown_source
from kvqa_audit.checks.kv006_unknown_question import unknown_question
from kvqa_audit.checks.kv007_misspelt_question import misspelt_question
from kvqa_audit.checks.kv008_answer_outside_vocabulary import answer_outside_vocabulary
from kvqa_audit.checks.kv009_misspelt_answer import misspelt_answer
from kvqa_audit.checks.kv010_non_canonical_answer import non_canonical_answer
from kvqa_audit.checks.kv011_repeated_row import repeated_row
from kvqa_audit.checks.kv012_conflicting_repeat import conflicting_repeat
from kvqa_audit.checks.kv013_repeated_item_rows import repeated_item_rows
from kvqa_audit.checks.kv014_image_under_two_sources import image_under_two_sources
from kvqa_audit.checks.kv015_unanswered_row import unanswered_row
from kvqa_audit.checks.kv016_spelling_variants import spelling_variants
from kvqa_audit.checks.kv017_odd_spaces import odd_spaces
from kvqa_audit.checks.kv018_answer_of_another_kind import answer_of_another_kind
from kvqa_audit.checks.kv019_answer_repeats_question import answer_repeats_question

ROW_CHECKS: tuple[Check, ...] = (
    unexpected_columns,
    unreadable_rows,
    blank_cell,
    surrounding_whitespace,
    unknown_source,
    unknown_question,
    misspelt_question,
    answer_outside_vocabulary,
    misspelt_answer,
    non_canonical_answer,
    repeated_row,
    conflicting_repeat,
    repeated_item_rows,
    image_under_two_sources,
    unanswered_row,
    spelling_variants,
    odd_spaces,
    answer_of_another_kind,
    answer_repeats_question,
)
