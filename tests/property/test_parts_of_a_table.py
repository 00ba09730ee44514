"""Whatever stands in a table, and however it is parted: parts and counts tell what the whole table tells in memory."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kvqa_audit.contracts import expectations
from kvqa_audit.contracts.expectations import judge_expectations
from kvqa_audit.contracts.expectations_in_parts import CellCounts, count_cells, judge_counts, judge_parts, told_by
from kvqa_audit.engine.call import Call
from kvqa_audit.engine.executor import ItemResult
from kvqa_audit.errors import SpecError
from kvqa_audit.ingest.dataset import ROLES, Table
from kvqa_audit.spec.dataset_spec import DatasetSpec, Source
from kvqa_audit.spec.promise import Promise
from kvqa_audit.spec.question import Question, Vocabulary
from kvqa_audit.spec.rule import Rule
from tests.parts_of_a_table import at_once, found_in, in_parts

pytestmark = pytest.mark.filterwarnings("default")

VALUES = {
    "source": ["A"] * 6 + ["B", "", " A", "no such"],
    "question": ["Is it wet?"] * 4 + ["How many are there?"] * 4 + ["is it wet", "Is it  wet?", "", "Whose?"],
    "answer": ["yes", "no", "Yes ", "yes.", "0", "2", "", " ", "other", "x" * 300],
    "img_id": ["", " ", " i1", "i2\t"],
    "split": ["train", "test", "train", ""],
}
WET = Question(text="Is it wet?", name="wet", type="yes/no", vocabulary="polar")
MANY = Question(text="How many are there?", name="many", type="numerical count")
RULES = [
    Rule(id="wet", level="hard", why="What is dry holds none.", when="wet = 'no'", must="many = 0"),
    Rule(id="early", level="soft", why="Only early.", when="wet = 'yes'", must="many > 0", rows=[3, 20]),
]


class Here:
    """An executor that does everything in this process, which spares each example the start of others."""

    def share(self, thing: Any) -> Any:
        return thing

    def map_unordered(
        self, function: Callable[..., Iterator[Any]], tasks: Iterable[Any], *shared: Any, **_: Any
    ) -> Iterator[ItemResult[Any, Any]]:
        for task in [*tasks][::-1]:
            for place, value in enumerate(function(task, frozenset(), *shared)):
                yield ItemResult(task, place, value)

    def submit(self, function: Callable[..., Any], *arguments: Any, imports: Sequence[str] = ()) -> Call:
        return Call(function, arguments)


def described(**given: Any) -> DatasetSpec:
    return DatasetSpec(
        name="x",
        rows=9,
        images=4,
        sources={name: Source(images=2) for name in ("A", "B")},
        questions=[WET, MANY],
        vocabularies={"polar": Vocabulary(answers=["yes", "no"])},
        **given,
    )


def drawn(seed: int, rows: int) -> list[dict[str, str]]:
    """Rows with repeats, contradictions, blanks, unknown cells, images under two sources and in two splits."""
    rng = random.Random(seed)
    ids = [f"i{number}" for number in range(5 + rows // 10)]
    values = VALUES | {"img_id": ids + VALUES["img_id"]}
    return [{column: rng.choice(given) for column, given in values.items()} for _ in range(rows)]


@pytest.mark.parametrize(
    ("seed", "rows", "rows_a_part"),
    [(1, 90, 20), (2, 90, 45), (3, 70, 9), (7, 600, 200), (4, 60, 100), (5, 1, 1), (6, 0, 9)],
)
def test_parts_have_the_findings_of_the_whole(seed: int, rows: int, rows_a_part: int, tmp_path: Path) -> None:
    table = drawn(seed, rows)
    columns = [*ROLES, "split"] if seed % 2 else [*ROLES[1:], "stray"]
    spec = described(rules=RULES, other_questions="refused" if seed % 3 else "free text")
    cells = {column: pa.array([row.get(column) or None for row in table], pa.string()) for column in columns}
    pq.write_table(pa.table(cells), tmp_path / "rows.parquet")
    judged = in_parts(tmp_path / "rows.parquet", spec, tmp_path / "out", Here(), rows_a_part)
    outcomes, findings = found_in(judged)
    assert (outcomes, findings) == at_once(tmp_path / "rows.parquet", spec)
    assert rows < 600 or outcomes["KV403"].measured


def test_a_promise_that_takes_too_long_in_a_part_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def endless(*_: object) -> None:
        while True:
            pass

    pq.write_table(pa.Table.from_pylist(drawn(1, 30)), tmp_path / "rows.parquet")
    kind, kwargs = "expect_column_values_to_not_be_null", {"column": "answer"}
    spec = described(promises=[Promise(id="p", why="because", type=kind, kwargs=kwargs, whole_dataset=False)])
    monkeypatch.setattr(expectations, "as_judged", endless)
    monkeypatch.setattr(expectations, "seconds_for", lambda rows: 0.2)
    with pytest.raises(SpecError, match="p: takes longer than"):
        in_parts(tmp_path / "rows.parquet", spec, tmp_path / "out", Here(), 10)


def promised(mostly: float, condition: dict[str, str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Promises of each type that parts or counts tell, which some rows keep and others do not."""
    answer = {"column": "answer", **condition}
    some = {**answer, "mostly": mostly}
    pair = {"column_A": "question", "column_B": "answer", "mostly": mostly, **condition}
    yield "expect_column_values_to_be_in_set", {**some, "value_set": ["yes", "no", "0"]}
    yield "expect_column_values_to_not_be_in_set", {**some, "value_set": ["yes", "no", "0"]}
    yield "expect_column_values_to_be_null", some
    yield "expect_column_values_to_not_be_null", {**some, "column": "img_id"}
    yield "expect_column_value_lengths_to_be_between", {**some, "max_value": 2}
    yield "expect_column_value_lengths_to_equal", {**some, "value": 3}
    yield "expect_column_values_to_match_regex", {**some, "regex": "^[yn]"}
    yield "expect_column_values_to_not_match_regex", {**some, "regex": "^[yn]"}
    yield "expect_column_values_to_match_regex_list", {**some, "regex_list": ["y", "e"], "match_on": "all"}
    yield "expect_column_values_to_not_match_regex_list", {**some, "regex_list": ["y", "n"]}
    yield "expect_column_pair_values_to_be_equal", pair
    yield "expect_column_pair_values_to_be_in_set", {**pair, "value_pairs_set": [["Is it wet?", "yes"]]}
    yield (
        "expect_select_column_values_to_be_unique_within_record",
        {
            "column_list": ["question", "answer"],
            "mostly": mostly,
            **condition,
        },
    )
    for value in (10, 60):
        yield "expect_table_row_count_to_equal", {"value": value, **condition}
        for strict in (False, True):
            yield "expect_table_row_count_to_be_between", {"min_value": value, "strict_min": strict, **condition}
            yield "expect_table_row_count_to_be_between", {"max_value": value, "strict_max": strict, **condition}
    yield "expect_column_unique_value_count_to_be_between", {**answer, "min_value": 9}
    yield "expect_column_unique_value_count_to_be_between", {**answer, "column": "img_id", "max_value": 14}
    yield "expect_column_distinct_values_to_be_in_set", {**answer, "value_set": ["yes", "no"]}
    yield "expect_column_distinct_values_to_contain_set", {**answer, "value_set": ["yes", "maybe"]}
    yield "expect_column_distinct_values_to_equal_set", {**answer, "value_set": ["yes", "no"]}


OF_OTHER_TABLES = [
    ("images_per_source", "expect_column_sum_to_be_between", {"column": "images", "min_value": 13}),
    ("images_per_source", "expect_column_max_to_be_between", {"column": "images", "max_value": 8}),
    ("rows_per_question", "expect_column_sum_to_be_between", {"column": "rows", "max_value": 30}),
    ("rows_per_question", "expect_column_min_to_be_between", {"column": "rows", "min_value": 1}),
    ("rows_per_question", "expect_column_distinct_values_to_be_in_set", {"column": "question", "value_set": ["a"]}),
]
CONDITIONS = ["source == 'A'", "question like 'Is it%'", "source == 'nowhere'"]


@pytest.mark.parametrize(("seed", "rows", "parts"), [(1, 60, 3), (3, 0, 2)])
def test_promises_come_out_by_parts_and_counts_as_by_the_whole(seed: int, rows: int, parts: int) -> None:
    of_rows = [
        ("rows", kind, kwargs)
        for mostly, condition in [(1.0, {}), (0.3, {}), (0.6, {"row_condition": CONDITIONS[seed - 1]})]
        for kind, kwargs in promised(mostly, condition)
    ]
    spec = described(
        promises=[
            Promise(id=f"p{number}", why="because", table=table, type=kind, kwargs=kwargs, whole_dataset=False)
            for number, (table, kind, kwargs) in enumerate([*of_rows, *OF_OTHER_TABLES])
        ]
    )
    assert all(map(told_by, spec.promises))
    frame = pd.DataFrame(drawn(seed, rows), columns=list(ROLES), dtype=object)
    counts = CellCounts()
    part_of = [int(sha256(img_id.strip().encode()).hexdigest(), 16) % parts for img_id in frame["img_id"]]
    for number in range(parts):
        part = frame[[one == number for one in part_of]].reset_index(drop=True)
        counts.update(count_cells(Table(part), spec, {}))
    cells = frame.groupby(list(ROLES[:3])).size().rename("rows").reset_index()
    images = frame[frame["img_id"].str.strip() != ""].groupby("source")["img_id"].nunique().to_dict()
    whole = judge_expectations(Table(frame), spec, {})
    assert judge_parts(counts, spec, {}) | judge_counts(cells, images, spec, {}) == whole
    assert rows == 0 or {"passed", "failed"} <= {result.outcome for result in whole.values()}
