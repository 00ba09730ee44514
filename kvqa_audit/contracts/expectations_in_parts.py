"""A large table's promises, its parts and counts over it come in; how each promise came out goes out, as for the whole.

A promise about single cells, or about a number that adds up (of rows; of ids, which are in one part each), is judged
part by part. One about the images of a source, the rows of a question or different values is judged on counts. What is
left hangs on how the rows of all parts stand together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

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
from kvqa_audit.spec.dataset_spec import DatasetSpec
from kvqa_audit.spec.expectation_types import columns_named
from kvqa_audit.spec.promise import Promise

if TYPE_CHECKING:
    import pandas as pd

_OF_ROWS = ("expect_table_row_count_to_equal", "expect_table_row_count_to_be_between")
_OF_DIFFERENT_VALUES = "expect_column_unique_value_count_to_be_between"
_OF_VALUES = (
    _OF_DIFFERENT_VALUES,
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
# (promise, "judged" | "broken" | "sum" | "parts") → cells judged, cells that break it, the number that it is about, and
# parts with rows that it is about.
CellCounts = Counter[tuple[str, str]]


def told_by(promise: Promise) -> Literal["parts", "counts"] | None:
    """What tells how a promise comes out: the parts of the table, or counts over it; None where neither does."""
    if promise.table != "rows":
        return "counts"
    if promise.type in _OF_CELLS or _adds_up(promise):
        return "parts"
    counted = "img_id" not in columns_named(promise.table, promise.kwargs)
    return "counts" if promise.type in _OF_VALUES and counted else None


def _adds_up(promise: Promise) -> bool:
    """Whether it is about a number that is the sum of those of all parts."""
    return promise.type in _OF_ROWS or (promise.type == _OF_DIFFERENT_VALUES and promise.kwargs["column"] == "img_id")


def count_cells(part: Table, spec: DatasetSpec, absent: Mapping[str, str]) -> CellCounts:
    """Judges the promises that parts tell on one part; the counts add up over all parts.

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
        if _adds_up(promise):
            counts[promise.id, "sum"] += round(result.measured or 0)
        else:
            counts[promise.id, "judged"] += result.evaluated
            counts[promise.id, "broken"] += round((1 - (result.measured or 0.0)) * result.evaluated)
    return counts


def judge_parts(counts: CellCounts, spec: DatasetSpec, absent: Mapping[str, str]) -> dict[str, ExpectationResult]:
    """How the promises that parts tell came out, by the counts over all parts."""

    def result_of(promise: Promise) -> ExpectationResult:
        if (reason := reason_to_skip(promise, absent)) is not None:
            return ExpectationResult(promise.id, "skipped", None, None, reason)
        if promise.kwargs.get("row_condition") and not counts[promise.id, "parts"]:
            return nothing_meets_the_condition(promise)
        if _adds_up(promise):
            return _result_of_sum(promise, counts[promise.id, "sum"])
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
    tables = {
        "rows": lambda: cells,
        "images_per_source": lambda: images_per_source(images, spec),
        "rows_per_question": lambda: rows_per_question(cells, spec),
    }
    return judge_tables(tables, len(cells), _told_by(spec, "counts"), absent)


def _result_of_sum(promise: Promise, number: int) -> ExpectationResult:
    kwargs = promise.kwargs
    low, high = (kwargs.get("value", kwargs.get(bound)) for bound in ("min_value", "max_value"))
    holds = (low is None or number > low or (number == low and not kwargs.get("strict_min"))) and (
        high is None or number < high or (number == high and not kwargs.get("strict_max"))
    )
    return result_of_figure(promise, float(number), f"{number:,}", "passed" if holds else "failed")


def _told_by(spec: DatasetSpec, what: Literal["parts", "counts"]) -> DatasetSpec:
    """The description with those promises alone."""
    return spec.model_copy(update={"promises": [promise for promise in spec.promises if told_by(promise) == what]})
