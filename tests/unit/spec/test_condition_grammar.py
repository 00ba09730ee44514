"""Conditions of promises: what is in the grammar is read, what is not is refused with its place, and nothing is run."""

from __future__ import annotations

import pytest

from kvqa_audit.spec.condition import (
    All,
    AnyOf,
    Column,
    ColumnComparison,
    IsBlank,
    IsIn,
    IsLike,
    Not,
    Value,
    columns_of,
)
from kvqa_audit.spec.condition_grammar import MAX_CHARACTERS, MAX_DEPTH, parse_condition
from kvqa_audit.spec.expectation_types import TABLES

ROWS = TABLES["rows"]
IMAGES = TABLES["images_per_source"]


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("source = 'A'", ColumnComparison(Column("source"), "=", Value("A"))),
        ('source == "A"', ColumnComparison(Column("source"), "=", Value("A"))),
        ("'A' != source", ColumnComparison(Value("A"), "<>", Column("source"))),
        ("`images` >= -1.5e1", ColumnComparison(Column("images"), ">=", Value(-15))),
        ("source = 'it''s'", ColumnComparison(Column("source"), "=", Value("it's"))),
        ("source IN ('A', \"B\")", IsIn(Column("source"), ("A", "B"))),
        ("source not in ['A']", Not(IsIn(Column("source"), ("A",)))),
        ("source like 'A%'", IsLike(Column("source"), "A%")),
        ("source is null", IsBlank(Column("source"))),
        ("source is not null", Not(IsBlank(Column("source")))),
        (
            "images between 1 and 2 and source = 'A'",
            All(
                (
                    All(
                        (
                            ColumnComparison(Column("images"), ">=", Value(1)),
                            ColumnComparison(Column("images"), "<=", Value(2)),
                        )
                    ),
                    ColumnComparison(Column("source"), "=", Value("A")),
                )
            ),
        ),
        (
            "images = 1 or images = 2 and not images = 3",
            AnyOf(
                (
                    ColumnComparison(Column("images"), "=", Value(1)),
                    All(
                        (
                            ColumnComparison(Column("images"), "=", Value(2)),
                            Not(ColumnComparison(Column("images"), "=", Value(3))),
                        )
                    ),
                )
            ),
        ),
        (
            "(images = 1) | ~(images = 2)",
            AnyOf(
                (
                    ColumnComparison(Column("images"), "=", Value(1)),
                    Not(ColumnComparison(Column("images"), "=", Value(2))),
                )
            ),
        ),
    ],
)
def test_what_is_in_the_grammar_is_read(text: str, condition: object) -> None:
    assert parse_condition(text, IMAGES) == condition


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "character 1: it ends"),
        ("@pd.io.common.os.system('id') == 0", "character 1: '@' has no meaning here"),
        ("answer == @name", "character 11: '@'"),
        ("answer.str.len() > 1", "character 7: '.'"),
        ("__import__('os')", "character 1: calls such as __import__(…) are not allowed"),
        ("answer.__class__ == 'a'", "'.'"),
        ("answer in (lambda: 1)", "':' has no meaning here"),
        ("answer = 'a'; img_id = 'b'", "';'"),
        ("answer = 'a' img_id = 'b'", "follows a whole comparison; write 'and' or 'or'"),
        ("answer = 'a' = 'b'", "follows a whole comparison"),
        ("answer", "a comparison is missing"),
        ("answer = 1", "a text is compared with a number"),
        ("answer = blue", "no column 'blue'; known are: source, question, answer, img_id; a text stands in quotes"),
        ("anwser = 'a'", "did you mean answer?"),
        ("1 = 1", "no column"),
        ("'a' is null", "a value stands where a column is expected"),
        ("answer in ()", "')' stands where"),
        ("answer in ('a']", "')' is expected and ']' found"),
        ("answer in (img_id)", "'img_id' is a column"),
        ("answer in ('a', 1)", "a text is compared with a number"),
        ("answer like img_id", "'like' takes a text in quotes"),
        ("answer like 1", "'like' takes a text in quotes"),
        ("answer = 'a", "a quote stays open"),
        ("answer = 'a' or", "it ends"),
        ("(answer = 'a'", "')' is expected and the end found"),
        ("answer + 'a' = 'b'", "'+' has no meaning here"),
        ("answer = 'a' and img_id between 'a'", "'and' is expected and the end found"),
        ("answer = 1e999", "beyond"),
        ("answer = 1" + "0" * 30, "beyond"),
        ("answer = `img_id", "a quote stays open"),
        ("answer = '\N{SNOWMAN}' \N{SNOWMAN}", "'☃' has no meaning here"),
        ("answer is 'a'", "'null' is expected"),
    ],
)
def test_what_is_not_is_refused_with_its_place(text: str, message: str) -> None:
    with pytest.raises(ValueError) as error:
        parse_condition(text, ROWS)
    assert message in str(error.value)


def test_depth_and_size_are_limited() -> None:
    def nested(depth: int) -> str:
        return "(" * depth + "answer = 'a'" + ")" * depth

    assert parse_condition(nested(MAX_DEPTH), ROWS) == parse_condition("answer = 'a'", ROWS)
    for deep in (nested(MAX_DEPTH + 1), "not " * (MAX_DEPTH + 1) + "answer = 'a'", "(" * 4_000, "~" * 9_000):
        with pytest.raises(ValueError, match=f"more than {MAX_DEPTH}"):
            parse_condition(deep, ROWS)
    with pytest.raises(ValueError, match="at most 10,000"):
        parse_condition("answer = 'a' or " * MAX_CHARACTERS, ROWS)
    long = " or ".join(["answer = 'a'"] * (MAX_CHARACTERS // 16))
    assert len(parse_condition(long, ROWS).parts) == MAX_CHARACTERS // 16


def test_columns_of_a_condition() -> None:
    condition = parse_condition(
        "not (source = 'A' and answer in ('b')) or question like 'c%' and answer < img_id", ROWS
    )
    assert columns_of(condition) == {"source", "answer", "question", "img_id"}
