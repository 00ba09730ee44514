"""The map draws each picture once, coloured by source, finding and answers, and leads to the gravest finding."""

from __future__ import annotations

from dataclasses import replace

from kvqa_audit.model import AnswerRows, Finding, Severity
from kvqa_audit.report.map_chart import map_of_pictures
from tests.report_samples import sample_run

PLACES = [("a", 0.5, -0.25), ("b", -1.0, 0.0), ("<b>c", 0.0, 1.0)]
FINDINGS = (
    Finding("KV114", Severity.INFO, "dark", "a"),
    Finding("KV350", Severity.WARNING, "suspicious", "a"),
    Finding("KV102", Severity.INFO, "no rows", "z"),
)


def drawn():
    rows = AnswerRows(("s", "s", "s"), ("Seen?", "Seen?", "Why?"), ("yes", "no", "because"), ("a", "b", "a"))
    metrics = {"picture_map": PLACES, "sources": {"a": "one", "b": "two", "<b>c": "two"}}
    return map_of_pictures(replace(sample_run(), metrics=metrics, findings=FINDINGS, rows=rows))


def test_each_way_of_colouring_draws_every_picture_once() -> None:
    chart = drawn()
    assert chart is not None
    assert [label for label, _ in chart.figures] == ["source", "finding", "Seen?"]
    for _, figure in chart.figures:
        ids = [one[0] for trace in figure["data"] for one in trace["customdata"]]
        assert sorted(ids) == ["<b>c", "a", "b"]
    names = {label: {trace["name"] for trace in figure["data"]} for label, figure in chart.figures}
    assert names == {"source": {"one", "two"}, "finding": {"warning", "no finding"}, "Seen?": {"yes", "no", "none"}}


def test_a_picture_leads_to_its_gravest_finding_and_no_id_is_markup() -> None:
    chart = drawn()
    assert chart is not None
    points = {one[0]: one[1] for trace in chart.figures[0][1]["data"] for one in trace["customdata"]}
    assert points == {"a": f"KV350-{FINDINGS[1].key}", "b": "", "<b>c": ""}
    texts = [text for trace in chart.figures[0][1]["data"] for text in trace["hovertext"]]
    assert "&lt;b&gt;c: two" in texts


def test_there_is_no_map_without_places() -> None:
    assert map_of_pictures(replace(sample_run(), metrics={})) is None
