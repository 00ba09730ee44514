"""A promise and its table come in; what Great Expectations is to judge in their place, with the same result, goes out.

Regular expressions are matched here, in linear time, so that no pattern reaches an engine that may never end; and a
blank cell is made a null for the types that count nulls, which a table of texts does not have.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from kvqa_audit.contracts.condition_mask import cells_that
from kvqa_audit.spec.linear_regex import compiled

if TYPE_CHECKING:
    import pandas as pd

    from kvqa_audit.spec.promise import Promise

_OF_THIS_TOOL = ("row_condition", "condition_parser")
_COUNT_NULLS = (
    "expect_column_values_to_be_null",
    "expect_column_values_to_not_be_null",
    "expect_column_proportion_of_non_null_values_to_be_between",
)
_MATCHES, _MATCHES_NOT = "expect_column_values_to_be_in_set", "expect_column_values_to_not_be_in_set"
_OF_PATTERNS: Mapping[str, str] = {
    "expect_column_values_to_match_regex": _MATCHES,
    "expect_column_values_to_match_regex_list": _MATCHES,
    "expect_column_values_to_not_match_regex": _MATCHES_NOT,
    "expect_column_values_to_not_match_regex_list": _MATCHES_NOT,
}


def as_judged(promise: Promise, table: pd.DataFrame) -> tuple[pd.DataFrame, str, dict[str, Any]]:
    """The table, the type of expectation and its arguments."""
    kwargs = {key: value for key, value in promise.kwargs.items() if key not in _OF_THIS_TOOL}
    if promise.type in _COUNT_NULLS:
        cells = table[kwargs["column"]]
        return cells.where(~cells_that(_is_blank, cells), None).to_frame(), promise.type, kwargs
    if promise.type in _OF_PATTERNS:
        column = kwargs["column"]
        found = cells_that(_matched(kwargs), table[column])
        judged = table[[column]].assign(**{column: found.astype(object)})
        mostly = {"mostly": kwargs["mostly"]} if "mostly" in kwargs else {}
        return judged, _OF_PATTERNS[promise.type], {"column": column, "value_set": [True], **mostly}
    return table, promise.type, kwargs


def _matched(kwargs: Mapping[str, Any]) -> Callable[[str], bool]:
    patterns = [compiled(one) for one in kwargs.get("regex_list", [kwargs.get("regex")])]
    every = all if kwargs.get("match_on") == "all" else any
    return lambda cell: every(matches(cell) for matches in patterns)


def _is_blank(cell: object) -> bool:
    return isinstance(cell, str) and not cell.strip()
