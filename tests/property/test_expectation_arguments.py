"""Arguments of promises: whatever stands in a description is an error of its author, or is judged to an outcome."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from kvqa_audit.contracts.expectations import judge_expectations
from kvqa_audit.ingest.dataset import ROLES, Table
from kvqa_audit.spec.dataset_spec import DatasetSpec, Source
from kvqa_audit.spec.expectation_types import TABLES, TYPES
from kvqa_audit.spec.promise import Promise

pytestmark = pytest.mark.filterwarnings("default")

TEXTS = st.sampled_from(["", "x", "A", " ", "'\"", "$PARAMETER", "nan", "i1", "1", "\N{SNOWMAN}", "x" * 200])
NUMBERS = st.sampled_from([0, 1, -1, 2, 3, 0.5, -0.0, 1e-300, 1e15, 2**53])
COLUMNS = st.sampled_from(sorted({column for table in TABLES.values() for column in table}))
SHARES = st.sampled_from([0, 0.0, 0.5, 1, 1.0])
PATTERNS = st.sampled_from(["x", "^$", "", ".*", "a|", "(x)?", r"\pL"])
CONDITIONS = st.sampled_from(
    ["answer = 'x'", "images > 0", "rows = 1", "source is null", "question like '%'", "answer = '-'"]
)
ANYTHING = st.none() | st.booleans() | NUMBERS | TEXTS | st.lists(TEXTS, max_size=2) | st.just({"$PARAMETER": "x"})
FITTING: dict[str, st.SearchStrategy[Any]] = {
    "column": COLUMNS,
    "column_A": COLUMNS,
    "column_B": COLUMNS,
    "column_list": st.lists(COLUMNS, min_size=1, max_size=4),
    "condition_parser": st.just("pandas"),
    "match_on": st.sampled_from(["any", "all"]),
    "max_value": NUMBERS,
    "min_value": NUMBERS,
    "mostly": SHARES,
    "quantile_ranges": st.fixed_dictionaries(
        {
            "quantiles": st.lists(SHARES, min_size=2, max_size=2),
            "value_ranges": st.lists(st.lists(NUMBERS | st.none(), min_size=2, max_size=2), min_size=2, max_size=2),
        }
    ),
    "regex": PATTERNS,
    "regex_list": st.lists(PATTERNS, max_size=3),
    "row_condition": CONDITIONS,
    "strict_max": st.booleans(),
    "strict_min": st.booleans(),
    "ties_okay": st.booleans(),
    "value": st.sampled_from([0, 1, 3]),
    "value_pairs_set": st.lists(st.lists(TEXTS, min_size=2, max_size=2), max_size=3),
    "value_set": st.lists(TEXTS | NUMBERS, max_size=3) | st.lists(TEXTS, min_size=1, max_size=3),
}


@st.composite
def promises(draw: st.DrawFn) -> dict[str, Any]:
    name = draw(st.sampled_from(list(TYPES)))
    kwargs = {}
    for argument, field in TYPES[name].model_fields.items():
        if field.is_required() or draw(st.booleans()):
            kwargs[argument] = draw(FITTING[argument] if draw(st.integers(0, 9)) else ANYTHING)
    return {"id": "p", "why": "w", "type": name, "table": draw(st.sampled_from(list(TABLES))), "kwargs": kwargs}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(promises(), min_size=1, max_size=30), st.sampled_from([0, 1, 3]))
def test_arguments_are_wrong_or_judged(given_promises: list[dict[str, Any]], rows: int) -> None:
    taken = []
    for number, promise in enumerate(given_promises):
        try:
            taken.append(Promise.model_validate({**promise, "id": f"p{number}", "whole_dataset": False}))
        except ValidationError:
            continue
    frame = pd.DataFrame(
        [("A", "q", "x", "i1"), ("A", "q", "", "i1"), ("B", "r", "1", "i2")][:rows], columns=list(ROLES)
    )
    spec = DatasetSpec(
        name="x", rows=1, images=1, sources={"A": Source(images=1)}, other_questions="free text", promises=taken
    )
    results = judge_expectations(Table(frame.astype(object)), spec, {})
    assert [result.id for result in results.values()] == [promise.id for promise in taken]
    assert {result.outcome for result in results.values()} <= {"passed", "failed", "vacuous"}
