"""Tests of how texts and numbers are written."""

from __future__ import annotations

import pytest

from kvqa_audit.report.text import chart_label, decimal, lines_shown, measure, share, shown, span


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        ("plain answer", "plain answer"),
        ("two\nlines\r\n", "two↵lines␍↵"),
        ("a\x00b", r"a\u0000b"),
        ("\ud800", r"\ud800"),
        ("\u202eevil", r"\u202eevil"),
        ("x" * 301, "x" * 300 + "… (301 characters)"),
    ],
)
def test_shown(value: str | None, text: str) -> None:
    assert shown(value) == text


@pytest.mark.parametrize(
    ("value", "label"),
    [("<b>bold</b>", "&lt;b&gt;bold&lt;/b&gt;"), ("&lt;", "&amp;lt;"), ("x" * 50, "x" * 39 + "…")],
)
def test_chart_label_escapes_what_plotly_would_read(value: str, label: str) -> None:
    assert chart_label(value) == label


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0.0\u00a0%"), (1.0, "100.0\u00a0%"), (0.0001, "<0.05\u00a0%"), (0.9999, ">99.95\u00a0%"), (None, "-")],
)
def test_share_keeps_none_and_all_apart_from_nearly(value: float | None, text: str) -> None:
    assert share(value) == text


@pytest.mark.parametrize(("value", "text"), [(58_849.0, "58,849"), (0.123456, "0.1235"), (None, "-")])
def test_measure(value: float | None, text: str) -> None:
    assert measure(value) == text


def test_lines_stay_lines_and_each_is_made_visible_and_cut() -> None:
    assert lines_shown("a:\n  - b\u202e\n") == "a:\n  - b\\u202e\n"
    assert lines_shown("x" * 301) == "x" * 300 + "… (301 characters)"
    assert lines_shown("\n".join("a" * 41)).split("\n") == ["a"] * 40 + ["…"]


def test_an_interval_that_is_not_known_is_a_dash() -> None:
    assert span(0.25, 1.0) == "25.0\u00a0% to 100.0\u00a0%"
    assert span(None, 1.0) == "-"
    assert (decimal(None), decimal(-0.5)) == ("-", "-0.500")
