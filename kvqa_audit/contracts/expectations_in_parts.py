"""A large table's promises, its parts and counts over it come in; how each promise came out goes out, as for the whole.

A promise about single cells is judged part by part, and its counts added up. One about the numbers of rows, images or
different values is judged on counts. What is left hangs on how the rows of all parts stand together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from kvqa_audit.contracts.condition_mask import rows_that_meet
from kvqa_audit.contracts.expectations import (
    ExpectationResult,
    images_per_source,
    judge_expectations,
    judge_tables,
    nothing_meets_the_condition,
    reason_to_skip,
    result_of_cells,
    result_of_figure,
    rows_per_question,
)
from kvqa_audit.ingest.dataset import Table
from kvqa_audit.spec.condition_grammar import parse_condition
from kvqa_audit.spec.dataset_spec import DatasetSpec
from kvqa_audit.spec.expectation_types import TABLES, columns_named
from kvqa_audit.spec.promise import Promise

if TYPE_CHECKING:
    import pandas as pd

_OF_ROWS = ("expect_table_row_count_to_equal", "expect_table_row_count_to_be_between")
_OF_VALUES = (
    "expect_column_unique_value_count_to_be_between",
    "expect_column_distinct_values_to_be_in_set",
    "expect_column_distinct_values_to_contain_set",
    "expect_column_distinct_values_to_equal_set",
)
_OF_CELLS = (
    "expect_column_values_to_be_in_set",
    "expect_column_values_to_not_be_in_set",
    "expect_column_values_to_be_null",
    "expect_column_values_to_not_be_null",
    "expect_column_value_lengths_to_be_between",
    "expect_column_value_lengths_to_equal",
    "expect_column_values_to_match_regex",
    "expect_column_values_to_not_match_regex",
    "expect_column_values_to_match_regex_list",
    "expect_column_values_to_not_match_regex_list",
    "expect_column_pair_values_to_be_equal",
    "expect_column_pair_values_to_be_in_set",
    "expect_select_column_values_to_be_unique_within_record",
)
# (promise, "judged" | "broken" | "parts") → cells judged, cells that break it, parts with rows that it is about.
CellCounts = Counter[tuple[str, str]]


def told_by(promise: Promise) -> Literal["parts", "counts"] | None:
    """What tells how a promise comes out: the parts of the table, or counts over it; None where neither does."""
    if promise.table != "rows":
        return "counts"
    if promise.type in _OF_CELLS:
        return "parts"
    counted = "img_id" not in columns_named(promise.table, promise.kwargs)
    return "counts" if promise.type in (*_OF_ROWS, *_OF_VALUES) and counted else None


def count_cells(part: Table, spec: DatasetSpec, absent: Mapping[str, str]) -> CellCounts:
    """Judges the promises about single cells on one part; the counts add up over all parts.

    Args:
        part: some rows.
        spec, absent: as for `judge_expectations`.

    Raises:
        SpecError: a promise cannot be evaluated.
    """
    counts = CellCounts()
    told = _told_by(spec, "parts")
    results = judge_expectations(part, told, absent) if len(part.frame) else {}
    for promise in told.promises if results else ():
        result = results[promise.id]
        counts[promise.id, "parts"] += result != nothing_meets_the_condition(promise)
        counts[promise.id, "judged"] += result.evaluated
        counts[promise.id, "broken"] += round((1 - (result.measured or 0.0)) * result.evaluated)
    return counts


def judge_parts(counts: CellCounts, spec: DatasetSpec, absent: Mapping[str, str]) -> dict[str, ExpectationResult]:
    """How the promises about single cells came out, by the counts over all parts."""

    def result_of(promise: Promise) -> ExpectationResult:
        if (reason := reason_to_skip(promise, absent)) is not None:
            return ExpectationResult(promise.id, "skipped", None, None, reason)
        if promise.kwargs.get("row_condition") and not counts[promise.id, "parts"]:
            return nothing_meets_the_condition(promise)
        judged, broken = counts[promise.id, "judged"], counts[promise.id, "broken"]
        holds = not judged or (judged - broken) / judged >= promise.kwargs.get("mostly", 1.0)
        return result_of_cells(promise, judged, broken, "passed" if holds else "failed")

    return {promise.id: result_of(promise) for promise in _told_by(spec, "parts").promises}


def judge_counts(
    cells: pd.DataFrame, images: Mapping[str, int], spec: DatasetSpec, absent: Mapping[str, str]
) -> dict[str, ExpectationResult]:
    """How the promises came out that counts over the whole table tell.

    Args:
        cells: source, question, answer and rows, in how many rows they stand.
        images: source to the number of its images.
        spec, absent: as for `judge_expectations`.

    Raises:
        SpecError: a promise cannot be evaluated.
    """
    told = _told_by(spec, "counts")
    of_rows = [promise for promise in told.promises if promise.type in _OF_ROWS and promise.table == "rows"]
    rest = told.model_copy(update={"promises": [one for one in told.promises if one not in of_rows]})
    tables = {
        "rows": lambda: cells,
        "images_per_source": lambda: images_per_source(images, spec),
        "rows_per_question": lambda: rows_per_question(cells, spec),
    }
    results = judge_tables(tables, len(cells), rest, absent)
    return results | {promise.id: _number_of_rows(promise, cells, absent) for promise in of_rows}


def _number_of_rows(promise: Promise, cells: pd.DataFrame, absent: Mapping[str, str]) -> ExpectationResult:
    if (reason := reason_to_skip(promise, absent)) is not None:
        return ExpectationResult(promise.id, "skipped", None, None, reason)
    kwargs = promise.kwargs
    if text := kwargs.get("row_condition"):
        cells = cells[rows_that_meet(parse_condition(text, TABLES[promise.table]), cells)]
        if not len(cells):
            return nothing_meets_the_condition(promise)
    rows = int(cells["rows"].sum())
    low, high = (kwargs.get("value", kwargs.get(bound)) for bound in ("min_value", "max_value"))
    holds = (low is None or rows > low or (rows == low and not kwargs.get("strict_min"))) and (
        high is None or rows < high or (rows == high and not kwargs.get("strict_max"))
    )
    return result_of_figure(promise, float(rows), f"{rows:,}", "passed" if holds else "failed")


def _told_by(spec: DatasetSpec, what: Literal["parts", "counts"]) -> DatasetSpec:
    """The description with those promises alone."""
    return spec.model_copy(update={"promises": [promise for promise in spec.promises if told_by(promise) == what]})
