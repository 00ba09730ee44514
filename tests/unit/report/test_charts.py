"""Tests of the charts: their numbers, and that no label is read as markup."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from kvqa_audit.model import AnswerShare
from kvqa_audit.report.charts import answers_by_source, charts
from kvqa_audit.report.guessing_chart import guessing_baselines
from kvqa_audit.report.image_charts import image_quality, nearest_neighbours
from kvqa_audit.report.shortcut_charts import row_order, shortcuts
from tests.report_samples import sample_run


def test_every_chart_has_a_sentence_and_its_numbers() -> None:
    drawn = charts(sample_run())
    assert [chart.key for chart in drawn] == [
        "findings", "missing", "sizes", "quality", "distances", "guessing", "majority", "shortcuts", "answers",
        "row-order",
    ]  # fmt: skip
    for chart in drawn:
        assert chart.sentence.endswith(".")
        assert chart.numbers
        assert {len(line) for line in chart.numbers} == {len(chart.columns)}


def test_no_label_is_left_for_plotly_to_read_as_markup() -> None:
    text = json.dumps([figure for chart in charts(sample_run()) for _, figure in chart.figures])
    assert "<script" not in text
    assert "<img" not in text
    assert "<a href" not in text
    assert "&lt;script" in text


def test_answers_that_look_like_numbers_or_dates_stay_names() -> None:
    run = replace(
        sample_run(),
        profile=(AnswerShare("2020-01-01", "q", "1e3", 3, 0.75), AnswerShare("2020-01-01", "q", "2", 1, 0.25)),
    )
    chart = answers_by_source(run)
    assert chart is not None
    [(label, figure)] = chart.figures
    assert label == "q"
    assert [trace["name"] for trace in figure["data"]] == ["1e3", "2"]
    assert [trace["x"] for trace in figure["data"]] == [[0.75], [0.25]]
    assert figure["layout"]["yaxis"]["ticktext"] == ["2020-01-01"]


def test_answers_beyond_the_twelfth_are_pooled_and_counted() -> None:
    lines = tuple(AnswerShare("s", "q", f"a{n:02d}", 20 - n, (20 - n) / 210) for n in range(20))
    chart = answers_by_source(replace(sample_run(), profile=lines))
    assert chart is not None
    pooled = chart.figures[0][1]["data"][-1]
    assert pooled["name"] == "8 other answers"
    assert sum(trace["x"][0] for trace in chart.figures[0][1]["data"]) == pytest.approx(1, abs=1e-3)
    assert len(chart.numbers) == 20


def test_the_threshold_stands_in_the_distance_chart_and_its_sentence() -> None:
    run = sample_run()
    chart = nearest_neighbours(
        replace(run, metrics={"nearest_distance_bits": {"3": 2, "90": 5}, "near_threshold_bits": 40})
    )
    assert chart is not None
    assert "Beyond 40 bits no pair is called a re-encode; 2 nearest pairs lie at or below." in chart.sentence
    assert chart.figures[0][1]["layout"]["shapes"][0]["x0"] == 40.5


def test_one_image_is_enough_for_a_box() -> None:
    run = sample_run()
    chart = image_quality(replace(run, fingerprints=run.fingerprints[:1]))
    assert chart is not None
    assert len(set(chart.numbers[0][2:])) == 1


def test_what_has_no_numbers_has_no_chart() -> None:
    assert charts(replace(sample_run(), findings=(), fingerprints=(), profile=(), metrics={})) == ()


def guess(knows: str, question: str, accuracy: float) -> dict[str, object]:
    ends = {f"{name}_{end}": accuracy for name in ("accuracy", "macro_f1") for end in ("low", "high")}
    known = {"knows": knows, "question": question, "cells": 10, "answers": 2}
    return {**known, "accuracy": accuracy, "macro_f1": accuracy, **ends}


def test_the_guesses_say_where_the_source_helps_most_and_stand_in_that_order() -> None:
    scores = {"a?": (0.5, 0.6), "all questions": (0.45, 0.7), "b?": (0.4, 0.8)}
    baselines = [
        guess(knows, question, values[number])
        for number, knows in enumerate(("question", "question and source"))
        for question, values in scores.items()
    ]
    chart = guessing_baselines(replace(sample_run(), metrics={"baselines": baselines}))
    assert chart is not None
    assert [line[0] for line in chart.numbers] == ["all questions", "b?", "a?"]
    assert "gets 45.0\u00a0% of all answers right" in chart.sentence
    assert chart.sentence.endswith("it is 70.0\u00a0%; most is gained for “b?”, from 40.0\u00a0% to 80.0\u00a0%.")
    assert [label for label, _ in chart.figures] == ["share of right answers", "mean F1 over the answers"]


def test_a_source_that_does_not_help_is_not_said_to_help() -> None:
    baselines = [guess(knows, "all questions", 0.5) for knows in ("question", "question and source")]
    chart = guessing_baselines(replace(sample_run(), metrics={"baselines": baselines}))
    assert chart is not None
    assert chart.sentence.endswith("Knowing the source too does not help beyond chance: 50.0\u00a0%.")


def test_the_strongest_shortcut_is_named_with_the_strongest_of_the_other_kind() -> None:
    chart = shortcuts(sample_run())
    assert chart is not None
    assert chart.sentence.startswith("“image size” gives the source away most (0.95, where 1 is complete)")
    assert "Of the answers “" in chart.sentence
    assert chart.sentence.endswith("1 of 8 cannot be measured: they do not vary, or stand in one source only.")
    assert [line[2] for line in chart.numbers][-1] == "-"


def test_one_source_gives_nothing_away() -> None:
    entries = [entry for entry in sample_run().metrics["association"] if entry["cramers_v"] is None]
    assert entries
    assert shortcuts(replace(sample_run(), metrics={"association": entries})) is None


def test_the_row_order_says_how_many_changes_are_more_than_chance() -> None:
    run = sample_run()
    chart = row_order(run)
    assert chart is not None
    assert chart.sentence.startswith("18 of 36 pairs of source and question are answered differently")
    assert "in the images i1000 to i1499" in chart.sentence
    assert len(chart.figures[0][1]["layout"]["yaxis"]["ticktext"]) == 20
    quiet = [test for test in run.metrics["row_order"] if test["q_value"] > 0.05]
    chart = row_order(replace(run, metrics={"row_order": quiet}))
    assert chart is not None
    assert chart.sentence.startswith("0 of 18")
    assert "strongest" not in chart.sentence
