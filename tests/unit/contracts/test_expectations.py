"""Promises: passed, failed, vacuous, skipped, and wrong ones; judged without a connection."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from kvqa_audit.contracts import expectations
from kvqa_audit.contracts.expectations import ExpectationResult, judge_expectations
from kvqa_audit.errors import SpecError
from kvqa_audit.ingest.dataset import ROLES, Table
from kvqa_audit.ingest.table import read_csv_table
from kvqa_audit.spec.dataset_spec import DatasetSpec, Source
from kvqa_audit.spec.load import load_spec
from kvqa_audit.spec.promise import Promise
from kvqa_audit.spec.question import Question

pytestmark = pytest.mark.filterwarnings("default")
Q = "Is there text?"
TABLE = Table(
    pd.DataFrame(
        [("A", Q, "x", "i1"), ("A", "Is their text?", "y", "i1"), ("A", Q, "", "i2"), ("B", Q, "x", "i3")],
        columns=list(ROLES),
        dtype=object,
    )
)


def spec(*promises: dict[str, Any]) -> DatasetSpec:
    return DatasetSpec(
        name="small",
        rows=4,
        images=3,
        sources={name: Source(images=1) for name in ("A", "B", "C")},
        questions=[Question(text=Q, name="text", type="free text", misspellings=["Is their text?"])],
        promises=[Promise(why="because", **{"id": f"p{n}", **promise}) for n, promise in enumerate(promises)],
    )


def judged(promise: dict[str, Any], absent: dict[str, str] | None = None, table: Table = TABLE) -> ExpectationResult:
    return judge_expectations(table, spec(promise), absent or {})["p0"]


def images_of(source: str, count: int) -> dict[str, Any]:
    condition = {"row_condition": f'source == "{source}"'}
    kwargs = {"column": "images", "min_value": count, "max_value": count, **condition}
    return {"table": "images_per_source", "type": "expect_column_sum_to_be_between", "kwargs": kwargs}


def test_a_count_passes_or_fails_with_what_was_measured() -> None:
    promise = {"type": "expect_table_row_count_to_equal", "kwargs": {"value": 4}}
    assert judged(promise) == ExpectationResult("p0", "passed", 4, 4, "found 4, promised exactly 4", 1)
    promise["kwargs"] = {"value": 58849}
    assert judged(promise) == ExpectationResult("p0", "failed", 4, 58849, "found 4, promised exactly 58,849", 1)


@pytest.mark.parametrize(("source", "images"), [("A", 2), ("B", 1), ("C", 0)])
def test_images_are_counted_by_source_and_a_known_source_without_any_counts_0(source: str, images: int) -> None:
    assert judged(images_of(source, images)).outcome == "passed"
    wrong = judged(images_of(source, images + 1))
    assert (wrong.outcome, wrong.measured, wrong.threshold) == ("failed", images, images + 1)


def test_answered_rows_are_counted_under_the_catalogues_text() -> None:
    condition = {"row_condition": f'question == "{Q}"'}
    kwargs = {"column": "rows", "min_value": 3, "max_value": 3, **condition}
    promise = {"table": "rows_per_question", "type": "expect_column_sum_to_be_between", "kwargs": kwargs}
    assert judged(promise).outcome == "passed"


def test_a_condition_that_no_row_meets_is_vacuous() -> None:
    result = judged(images_of("Z", 0))
    assert (result.outcome, result.evaluated) == ("vacuous", 0)
    assert "no row" in result.message


def test_an_empty_table_is_vacuous_for_cells_and_counts_0_rows() -> None:
    empty = Table(TABLE.frame.iloc[:0])
    cells = {"type": "expect_column_values_to_not_be_in_set", "kwargs": {"column": "answer", "value_set": [""]}}
    assert judged(cells, table=empty).outcome == "vacuous"
    rows = {"type": "expect_table_row_count_to_equal", "kwargs": {"value": 4}}
    assert judged(rows, table=empty).outcome == "failed"


@pytest.mark.parametrize(("mostly", "outcome"), [(0.75, "passed"), (0.8, "failed")])
def test_a_share_is_measured_against_mostly(mostly: float, outcome: str) -> None:
    kwargs = {"column": "answer", "value_set": [""], "mostly": mostly}
    result = judged({"type": "expect_column_values_to_not_be_in_set", "kwargs": kwargs})
    assert (result.outcome, result.measured, result.threshold, result.evaluated) == (outcome, 0.75, mostly, 4)


def test_promises_about_the_whole_are_skipped_on_a_subset_and_the_others_are_not() -> None:
    rows = {"type": "expect_table_row_count_to_equal", "kwargs": {"value": 4}}
    absent = {"whole dataset": "a subset was given"}
    results = judge_expectations(TABLE, spec(rows, {**rows, "whole_dataset": False}), absent)
    assert [(result.outcome, result.message) for result in results.values()] == [
        ("skipped", "a subset was given"),
        ("passed", "found 4, promised exactly 4"),
    ]


def test_what_needs_a_missing_column_is_skipped() -> None:
    absent = {"column answer": "there is no column 'answer'"}
    cells = {"type": "expect_column_values_to_not_be_in_set", "kwargs": {"column": "answer", "value_set": [""]}}
    rows = {"type": "expect_table_row_count_to_equal", "kwargs": {"value": 4}}
    results = judge_expectations(TABLE, spec(cells, rows), absent)
    assert [result.outcome for result in results.values()] == ["skipped", "passed"]


@pytest.mark.parametrize(
    ("condition", "rows"),
    [
        ("answer is null", 1),
        ("not (answer = '' or img_id = 'i3')", 2),
        ("source in ('A', 'Z') and question like 'Is th% text_'", 3),
        ("answer between 'x' and 'y'", 3),
        ('question = "Is there text?" & answer != "x"', 1),
    ],
)
def test_conditions_choose_the_rows_that_are_judged(condition: str, rows: int) -> None:
    kwargs = {"value": rows, "row_condition": condition}
    result = judged({"type": "expect_table_row_count_to_equal", "kwargs": kwargs})
    assert (result.outcome, result.measured) == ("passed", rows)


def test_a_condition_on_a_missing_column_is_skipped() -> None:
    kwargs = {"value": 1, "row_condition": "source = 'A' and answer is null"}
    result = judged({"type": "expect_table_row_count_to_equal", "kwargs": kwargs}, {"column answer": "no such column"})
    assert (result.outcome, result.message) == ("skipped", "no such column")


@pytest.mark.parametrize(
    ("name", "kwargs", "share"),
    [
        ("match_regex", {"regex": "[xy]"}, 0.75),
        ("not_match_regex", {"regex": "^x$"}, 0.5),
        ("match_regex_list", {"regex_list": ["x", "^$"]}, 0.75),
        ("match_regex_list", {"regex_list": ["x", "^.$"], "match_on": "all"}, 0.5),
        ("not_match_regex_list", {"regex_list": ["x", "y"]}, 0.25),
        ("not_be_null", {}, 0.75),
        ("be_null", {}, 0.25),
    ],
)
def test_patterns_and_blanks_are_counted_cell_by_cell(name: str, kwargs: dict[str, Any], share: float) -> None:
    result = judged({"type": f"expect_column_values_to_{name}", "kwargs": {"column": "answer", **kwargs}})
    assert (result.measured, result.evaluated) == (share, 4)


@pytest.mark.parametrize(
    ("name", "value_set", "found"),
    [
        ("distinct_values_to_be_in_set", ["x"], "'', 'y'"),
        ("distinct_values_to_be_in_set", ["x", "y", "", "z"], "just that"),
        ("distinct_values_to_contain_set", ["x", "z"], "no 'z'"),
        ("distinct_values_to_equal_set", ["x", "y", "z"], "'' and no 'z'"),
        ("most_common_value_to_be_in_set", ["y"], "'x'"),
    ],
)
def test_what_a_set_holds_is_told_in_words(name: str, value_set: list[str], found: str) -> None:
    result = judged({"type": f"expect_column_{name}", "kwargs": {"column": "answer", "value_set": value_set}})
    assert result.message.startswith(f"found {found}, promised {{")


def test_a_pattern_that_backtracks_is_matched_in_linear_time() -> None:
    """On a matcher that backtracks this takes more than 2 ** 60 steps."""
    frame = TABLE.frame.assign(answer="word " * 30 + "end")
    kwargs = {"column": "answer", "regex": r"^(\w+\s?)+\$X$"}
    result = judged({"type": "expect_column_values_to_match_regex", "kwargs": kwargs}, table=Table(frame))
    assert (result.outcome, result.measured) == ("failed", 0.0)


def test_a_promise_that_takes_too_long_is_ended_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def endless(*arguments: object) -> None:
        while True:
            pass

    monkeypatch.setattr(expectations, "as_judged", endless)
    monkeypatch.setattr(expectations, "seconds_for", lambda rows: 0.2)
    with pytest.raises(SpecError, match=r"promises\.yaml, promise p0: takes longer than 0 seconds"):
        judged({"type": "expect_table_row_count_to_equal", "kwargs": {"value": 4}})


CODE = [
    "@pd.io.common.os.system('touch {file}') == 0",
    "@__import__('os').system('touch {file}') == 0",
    "answer == @pd.io.common.os.popen('touch {file}').read()",
    "__import__('os').system('touch {file}') == 0",
    "answer.map(open('{file}', 'w').write) == 0",
    "index.__class__.__mro__[1].__subclasses__() == 0",
    "answer = 'x' or `@pd.eval`('1')",
    "answer in (open('{file}', 'w'))",
]


@pytest.mark.parametrize("code", CODE)
def test_no_text_of_a_promise_is_ever_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """Were it to slip through the description's checks, there would still be no interpreter that it reaches."""

    def refuse(*arguments: object, **named: object) -> None:
        raise AssertionError(arguments)

    for name in ("query", "eval"):
        monkeypatch.setattr(pd.DataFrame, name, refuse)
    monkeypatch.setattr(pd, "eval", refuse)
    canary = tmp_path / "canary"
    text = code.replace("{file}", str(canary))
    with pytest.raises(ValueError, match=r"kwargs\.row_condition"):
        spec({"type": "expect_table_row_count_to_equal", "kwargs": {"value": 1, "row_condition": text}})
    kwargs = {"value": 1, "row_condition": text}
    unchecked = Promise.model_construct(
        id="p0", why="w", table="rows", type="expect_table_row_count_to_equal", kwargs=kwargs
    )
    with pytest.raises(ValueError, match="at character"):
        judge_expectations(TABLE, spec().model_copy(update={"promises": [unchecked]}), {})
    assert judged({"type": "expect_column_values_to_be_in_set", "kwargs": {"column": "answer", "value_set": [text]}})
    assert not canary.exists()


def test_judging_is_silent_and_attempts_no_connection(tmp_path: Path) -> None:
    program = (
        "import socket\n"
        "def refuse(*a, **k): print('CONNECTION', a); raise OSError('no network')\n"
        "socket.socket.connect = socket.getaddrinfo = socket.create_connection = refuse\n"
        "from kvqa_audit.contracts.expectations import judge_expectations\n"
        "from kvqa_audit.ingest.table import empty_table\n"
        "from kvqa_audit.spec.load import load_spec\n"
        "results = judge_expectations(empty_table(), load_spec(), {})\n"
        "print(sorted({r.outcome for r in results.values()}))\n"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (ran.stdout, ran.stderr, ran.returncode) == ("['failed', 'vacuous']\n", "", 0)


def test_the_shipped_promises_are_the_published_counts(shared: Path) -> None:
    shipped = load_spec()
    bounds = {promise.id: promise.kwargs.get("min_value") for promise in shipped.promises if promise.whole_dataset}
    assert all(p.kwargs["min_value"] == p.kwargs["max_value"] for p in shipped.promises if p.table != "rows")
    with (shared / "data" / "kvasir-vqa" / "full" / "question_counts.csv").open(newline="") as file:
        counts = {shipped.question_by_text[r["question"]].name: int(r["rows_nonnull"]) for r in csv.DictReader(file)}
    assert {name: bounds.get(f"rows.{name}") for name in counts} == counts
    images = {source: bounds[f"images.{source.lower().replace(' ', '_')}"] for source in shipped.sources}
    assert images == {name: source.images for name, source in shipped.sources.items()}
    assert (sum(images.values()), bounds["images"]) == (6500, 6500)


def test_the_shipped_promises_hold_on_a_part_of_the_real_table(shared: Path) -> None:
    shipped = load_spec()
    table = read_csv_table(shared / "data" / "kvasir-vqa" / "full" / "metadata.sample-29307.csv", shipped.columns)
    outcomes = {r.id: r.outcome for r in judge_expectations(table, shipped, {"whole dataset": "a part"}).values()}
    assert {name for name, outcome in outcomes.items() if outcome == "passed"} == {"answered_share", "distinct_answers"}
    assert set(outcomes.values()) == {"passed", "skipped"}
