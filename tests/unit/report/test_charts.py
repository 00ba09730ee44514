"""Tests of the charts: their numbers, and that no label is read as markup."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from kvqa_audit.model import AnswerShare
from kvqa_audit.report.charts import answers_by_source, charts
from kvqa_audit.report.image_charts import image_quality, nearest_neighbours
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
