"""Conditions of promises against plain Python: what is in the grammar means the same, what is not is an error."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from kvqa_audit.contracts.condition_mask import rows_that_meet
from kvqa_audit.spec.condition import columns_of
from kvqa_audit.spec.condition_grammar import parse_condition
from kvqa_audit.spec.expectation_types import TABLES

COLUMNS = TABLES["images_per_source"]
Row = Mapping[str, Any]
Meaning = Callable[[Row], bool]
Said = tuple[str, Meaning]

# Few characters, so that cells and conditions meet; among them what has a meaning in patterns, quotes and texts.
TEXTS = st.text(alphabet="aB %_.*\\'\"\n`é\N{SNOWMAN}", max_size=4)
NUMBERS = st.integers(-3, 12)
OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: a == b,
    "==": lambda a, b: a == b,
    "<>": lambda a, b: a != b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}
ROWS = st.lists(st.fixed_dictionaries({"source": TEXTS, "images": NUMBERS}), min_size=0, max_size=8)


@st.composite
def values(draw: st.DrawFn, column: str) -> tuple[str, Any]:
    if column == "images":
        number = draw(NUMBERS)
        return str(number), number
    text, quote = draw(TEXTS), draw(st.sampled_from("'\""))
    return quote + text.replace(quote, quote * 2) + quote, text


@st.composite
def comparisons(draw: st.DrawFn) -> Said:
    column = draw(st.sampled_from(list(COLUMNS)))
    kind = draw(st.sampled_from(["compare", "turned", "in", "between", "null", "like"]))
    said, value = draw(values(column))
    sign = draw(st.sampled_from(list(OPERATORS)))
    holds = OPERATORS[sign]
    negated = draw(st.booleans())
    word = " not" if negated else ""
    if kind == "compare":
        return f"{column}{sign}{said}", lambda row: holds(row[column], value)
    if kind == "turned":
        return f"{said} {sign} `{column}`", lambda row: holds(value, row[column])
    if kind == "in":
        listed = draw(st.lists(values(column), min_size=1, max_size=4))
        inner = ", ".join(one for one, _ in listed)
        return f"{column}{word} in ({inner})", lambda row: (row[column] in [one for _, one in listed]) != negated
    if kind == "between":
        other, high = draw(values(column))
        return f"{column}{word} BETWEEN {said} AND {other}", lambda row: (value <= row[column] <= high) != negated
    if kind == "null":
        return f"{column} is{word} null", lambda row: (not str(row[column]).strip()) != negated
    said, value = draw(values("source"))
    return f"source{word} like {said}", lambda row: is_like(row["source"], value) != negated


def framed(rows: list[dict[str, Any]]) -> pd.DataFrame:
    frame = pd.DataFrame({name: pd.Series([row[name] for row in rows], dtype=object) for name in COLUMNS})
    return frame.astype({"images": int})


def is_like(text: str, pattern: str) -> bool:
    """SQL's LIKE, written down as what it says."""
    if not pattern:
        return not text
    if pattern[0] == "%":
        return any(is_like(text[start:], pattern[1:]) for start in range(len(text) + 1))
    return bool(text) and pattern[0] in ("_", text[0]) and is_like(text[1:], pattern[1:])


def joined(inner: st.SearchStrategy[Said]) -> st.SearchStrategy[Said]:
    def negation(one: Said) -> Said:
        return f"not ({one[0]})", lambda row: not one[1](row)

    def both(pair: tuple[Said, Said]) -> Said:
        (left, holds_left), (right, holds_right) = pair
        return f"({left}) and ({right})", lambda row: holds_left(row) and holds_right(row)

    def either(pair: tuple[Said, Said]) -> Said:
        (left, holds_left), (right, holds_right) = pair
        return f"({left}) OR ({right})", lambda row: holds_left(row) or holds_right(row)

    pairs = st.tuples(inner, inner)
    return inner.map(negation) | pairs.map(both) | pairs.map(either)


@given(st.recursive(comparisons(), joined, max_leaves=6), ROWS)
def test_a_condition_means_what_plain_python_says(said: Said, rows: list[dict[str, Any]]) -> None:
    text, meaning = said
    found = rows_that_meet(parse_condition(text, COLUMNS), framed(rows))
    assert found.tolist() == [meaning(row) for row in rows]


@given(comparisons(), st.lists(st.tuples(st.sampled_from(["and", "or"]), comparisons()), max_size=5), ROWS)
def test_and_binds_closer_than_or(first: Said, rest: list[tuple[str, Said]], rows: list[dict[str, Any]]) -> None:
    text = " ".join([first[0], *(f"{word} {said}" for word, (said, _) in rest)])
    groups = [[first[1]]]
    for word, (_, holds) in rest:
        if word == "and":
            groups[-1].append(holds)
        else:
            groups.append([holds])
    expected = [any(all(holds(row) for holds in group) for group in groups) for row in rows]
    assert rows_that_meet(parse_condition(text, COLUMNS), framed(rows)).tolist() == expected


@given(st.text(max_size=40) | st.text(alphabet="()@.[]'\"=<>&|~ anot inlkeusrce1`", max_size=40))
def test_any_other_text_is_an_error_and_nothing_else(text: str) -> None:
    try:
        condition = parse_condition(text, COLUMNS)
    except ValueError:
        return
    assert columns_of(condition) <= set(COLUMNS)
    assert "@" not in re.sub(r"'[^']*'|\"[^\"]*\"", "", text)


@given(
    comparisons(), st.sampled_from(["@", ".", ";", "\\", "%", "$", "{", "lambda: 0", "__import__('os')", "f()", "\0"])
)
def test_what_python_would_run_is_refused_wherever_it_stands(said: Said, code: str) -> None:
    for text in (f"{code} {said[0]}", f"{said[0]} {code}", f"{said[0]} and {code}", f"source = {code}"):
        try:
            parse_condition(text, COLUMNS)
        except ValueError:
            continue
        raise AssertionError(text)
