"""promises.yaml is checked before anything is judged: types, arguments, conditions and patterns, each with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from kvqa_audit.errors import SpecError
from kvqa_audit.spec.load import load_spec

SUM = "expect_column_sum_to_be_between"
SET = "expect_column_values_to_be_in_set"
REGEX = "expect_column_values_to_match_regex"


def described(folder: Path, promise: str, rules: str = "[]") -> Path:
    (folder / "dataset.yaml").write_text(
        "name: x\nrows: 1\nimages: 1\ncolumns: {source: null}\nother_questions: free text\n"
    )
    (folder / "promises.yaml").write_text(f"promises:\n  - id: p\n    why: w\n{promise}\n", encoding="utf-8")
    (folder / "rules.yaml").write_text(f"rules: {rules}\n", encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("promise", "message"),
    [
        ("    type: expect_table_row_count_to_equals", "line 4, key promises.0.type: .*did you mean expect_table_row_"),
        ("    type: nonsense", "line 4, key promises.0.type: .*allowed are: expect_table_row_count_to_equal, "),
        ("    type: unexpected_rows_expectation", "line 4, .* is no type of expectation that is judged here"),
        ("    type: expect_column_kl_divergence_to_be_less_than", "line 4, .* is no type of expectation"),
        ("    type: expect_column_values_to_match_json_schema", "line 4, .* is no type of expectation"),
        ("    type: expect_column_values_to_be_of_type", "line 4, .* is no type of expectation"),
        ("    type: expect_table_row_count_to_equal", "line 2, key promises.0.kwargs.value: is missing"),
        (
            "    type: expect_table_row_count_to_equal\n    kwargs:\n      valu: 1",
            "line 6, key promises.0.kwargs.valu: is no argument .*did you mean 'value'",
        ),
        (
            "    type: expect_table_row_count_to_be_between\n    kwargs: {min_value: {$PARAMETER: up}}",
            "line 5, key promises.0.kwargs.min_value: .*valid number",
        ),
        ("    type: expect_table_row_count_to_be_between", "line 2, key promises.0.kwargs: needs 'min_value'"),
        (
            "    type: expect_table_row_count_to_be_between\n    kwargs: {min_value: 2, max_value: 1}",
            "line 5, .*'min_value' is greater",
        ),
        (f"    type: {SUM}\n    kwargs: {{column: answer, min_value: 1}}", "line 5, .*column: .*holds texts"),
        (f"    type: {SUM}\n    kwargs: {{column: answr, min_value: 1}}", "line 5, .*column: .*no column 'answr'"),
        (f"    type: {SET}\n    kwargs: {{column: answer, value_set: [yes]}}", "line 5, .*value_set.0: .*into quotes"),
        (f"    type: {SET}\n    kwargs: {{column: answer, value_set: [1]}}", "line 5, .*holds 1, and .* holds texts"),
        (f"    type: {SET}\n    kwargs: {{column: answer, value_set: [a], mostly: 2}}", "line 5, .*mostly: "),
        (f"    type: {SET}\n    kwargs: {{column: answer, value_set: [a], mostly: yes}}", "line 5, .*mostly: "),
        (f"    type: {SET}\n    kwargs: {{column: [answer], value_set: [a]}}", "line 5, .*column: .*valid string"),
        (
            f"    type: {REGEX}\n    kwargs: {{column: answer, regex: '(?=a)'}}",
            r"line 5, .*regex: .*linear time: .*\(\?=",
        ),
        (f"    type: {REGEX}\n    kwargs: {{column: answer, regex: '(a)\\1'}}", "line 5, .*regex: .*linear time"),
        (f"    type: {REGEX}\n    kwargs: {{column: answer, regex: '('}}", "line 5, .*regex: .*missing "),
        (f"    type: {REGEX}\n    kwargs: {{column: answer, regex: '(.{{1000}}){{1}}'}}", "line 5, .*regex: comes to"),
        (
            f"    table: images_per_source\n    type: {SUM}\n"
            "    kwargs:\n      column: images\n      min_value: 0\n      row_condition: '@pd.eval(1)'",
            "line 9, key promises.0.kwargs.row_condition: at character 1: '@' has no meaning",
        ),
        (
            f"    type: {SET}\n    kwargs: {{column: answer, value_set: [a], condition_parser: spark}}",
            "line 5, .*condition_parser: ",
        ),
        (
            "    type: expect_table_row_count_to_equal\n    kwargs: {value: 1, result_format: COMPLETE}",
            "line 5, .*is no arg",
        ),
    ],
)
def test_a_wrong_promise_is_told_with_file_line_and_key(tmp_path: Path, promise: str, message: str) -> None:
    with pytest.raises(SpecError, match=rf"promises\.yaml, {message}"):
        load_spec(described(tmp_path, promise))


def test_every_fault_is_told_at_once(tmp_path: Path) -> None:
    promise = f"    type: {SET}\n    kwargs: {{column: answr, value_set: [], mostly: 2}}"
    with pytest.raises(SpecError) as error:
        load_spec(described(tmp_path, promise))
    assert [line.split(": ")[0].rsplit(".", 1)[1] for line in str(error.value).splitlines()] == [
        "column",
        "value_set",
        "mostly",
    ]


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        (
            "\n  - {id: a, level: soft, when: x, must: y, why: w}\n  - {id: a, level: soft, when: x, must: y, why: w}",
            "twice",
        ),
        ("\n\n  - {id: a, level: soft, when: x, must: y, why: w, sources: [S]}", "names the source 'S'"),
        ("\n\n  - {id: a, level: soft, when: x, must: y, why: w, rows: [2, 1]}", "first <= last"),
        ("\n\n  - {id: a, level: soft, when: x, must: '" + "x" * 100_001 + "', why: w}", "at most 100000 char"),
    ],
)
def test_what_is_wrong_about_a_rule_is_told_with_its_line(tmp_path: Path, rules: str, message: str) -> None:
    promise = "    type: expect_table_row_count_to_equal\n    kwargs: {value: 1}"
    with pytest.raises(SpecError, match=rf"rules\.yaml, line 3, key rules\.[01]\S*: .*{message}"):
        load_spec(described(tmp_path, promise, rules))


def test_older_descriptions_that_name_the_parser_of_conditions_are_read(tmp_path: Path) -> None:
    promise = (
        f"    table: images_per_source\n    type: {SUM}\n"
        "    kwargs: {column: images, min_value: 1, row_condition: 'source == \"A\"', condition_parser: pandas}"
    )
    assert load_spec(described(tmp_path, promise)).promises[0].kwargs["column"] == "images"


def test_places_of_promises_and_rules_are_known(tmp_path: Path) -> None:
    promise = "    type: expect_table_row_count_to_equal\n    kwargs: {value: 1}"
    rules = "\n  - id: R\n    level: soft\n    when: x\n    must: y\n    why: w"
    spec = load_spec(described(tmp_path, promise, rules))
    assert spec.where("promises", "p") == f"{tmp_path}/promises.yaml, line 2, promise p"
    assert spec.where("rules", "R", "must") == f"{tmp_path}/rules.yaml, line 5, rule R, must"
    assert spec.where("rules", "other", "must") == "rules.yaml, rule other, must"
