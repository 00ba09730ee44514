"""Texts that were read come in; those that can be a date or a clock are taken for one, with what they say."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvqa_audit.clocks.written import CLOCKS, DATES, Form

CLOCK, ELAPSED = CLOCKS


def shapes(text: str) -> list[str]:
    return [form.cells for form in (*DATES, *CLOCKS) if form.has_shape(text)]


@pytest.mark.parametrize("text", ["21/05/2015", "21105/2015", "2110512015", "21/05/7015", "05-21-2015", "2015.05.21"])
def test_dates_are_told_by_their_shape_even_where_a_separator_was_misread(text: str) -> None:
    assert len(shapes(text)) == 1


@pytest.mark.parametrize(
    "text", ["", "21/05/15", "13:13", "1/2", "CVP:5", "21/05/2015 ", "\u0661\u0662/05/2015", "0/1"]
)
def test_what_is_neither_has_no_shape(text: str) -> None:
    assert shapes(text) == []


@pytest.mark.parametrize("text", ["21/05/7015", "32/05/2015", "21/13/2015", "00/05/2015", "21/05/2999", "21105/2015"])
def test_there_is_no_such_day(text: str) -> None:
    assert not any(form.can_be(text) for form in DATES)


def test_either_order_of_day_and_month_is_one() -> None:
    assert DATES[0].can_be("21/05/2015")
    assert DATES[0].can_be("05/21/2015")


@given(st.integers(0, 86_399))
def test_a_clock_says_its_seconds(seconds: int) -> None:
    text = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    assert CLOCK.can_be(text)
    assert ELAPSED.can_be(f"<{text}>")
    assert CLOCK.seconds(text) == ELAPSED.seconds(f"<{text}>") == seconds


@pytest.mark.parametrize("text", ["24:00:00", "12:60:00", "12:00:72"])
def test_there_is_no_such_clock(text: str) -> None:
    assert not CLOCK.can_be(text)


@given(st.sampled_from([*DATES, *CLOCKS]), st.data())
def test_its_numbers_are_those_of_days_and_clocks_that_there_are(form: Form, data: st.DataObject) -> None:
    text = list(form.cells)
    for start, numbers in form.numbers():
        number = data.draw(st.sampled_from(numbers))
        text[start : start + len(number)] = number
    assert form.has_shape("".join(text))
    assert all(one in form.allowed(place) for place, one in enumerate(text))
    both_over_12 = form.kind == "date" and sum(12 < int(one) < 32 for one in re.findall(r"\d+", "".join(text))) == 2
    assert form.can_be("".join(text)) is not both_over_12
