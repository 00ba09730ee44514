"""Hidden readings come in; examinations are told by their beginning, and nothing uncertain links."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from kvqa_audit.clocks.hidden import HiddenReading, hidden
from kvqa_audit.clocks.link import FOLLOWS_SECONDS, SAME_START_SECONDS, examinations

KEY = b"k" * 32


def reading(img_id: str, date: str, clock: int | None = None, elapsed: int | None = None) -> HiddenReading:
    return hidden(img_id, KEY, "Dd/Dd/Yddd", date, clock, elapsed)


def linked(*readings: HiddenReading) -> list[tuple[str, ...]]:
    return list(examinations(readings).members().values())


def test_one_beginning_is_one_examination_and_another_on_that_day_is_not() -> None:
    a, b, c = reading("a", "d", 40_000, 300), reading("b", "d", 40_500, 800), reading("c", "d", 43_000, 300)
    assert linked(a, b, c) == [("a", "b"), ("c",)]
    places = examinations([a, b, c]).places
    assert [places[one][0].seconds_from_start for one in "abc"] == [0, 500, 0]
    assert [places[one][0].group for one in "abc"] == ["examination 1", "examination 1", "examination 2"]


def test_beginnings_may_differ_by_seconds() -> None:
    for apart, count in ((SAME_START_SECONDS, 1), (SAME_START_SECONDS + 1, 2)):
        assert len(linked(reading("a", "d", 40_000, 300), reading("b", "d", 40_000 + apart, 300))) == count


def test_another_day_is_another_examination() -> None:
    assert len(linked(reading("a", "d", 40_000, 300), reading("b", "e", 40_000, 300))) == 2


def test_a_clock_without_a_beginning_joins_the_one_examination_around_it() -> None:
    a, b, later = reading("a", "d", 40_000, 300), reading("b", "d", 40_100), reading("c", "d", 40_000 + 3_600)
    assert linked(a, b, later) == [("a", "b"), ("c",)]
    before = reading("d", "d", 39_000)
    assert ("d",) in linked(a, before)


def test_clocks_alone_and_times_alone_follow_each_other() -> None:
    assert linked(reading("a", "d", 100), reading("b", "d", 100 + FOLLOWS_SECONDS)) == [("a", "b")]
    assert len(linked(reading("a", "d", 100), reading("b", "d", 101 + FOLLOWS_SECONDS))) == 2
    assert linked(reading("a", "d", None, 100), reading("b", "d", None, 160)) == [("a", "b")]
    assert len(linked(reading("a", "d", None, 100), reading("b", "d", 100))) == 2


def test_what_is_uncertain_or_has_no_clock_links_nothing() -> None:
    doubtful = HiddenReading("c", "uncertain")
    assert linked(reading("a", "d", 40_000, 300), doubtful, HiddenReading("e"), reading("b", "d")) == [("a",)]


@given(st.lists(st.tuples(st.sampled_from("xyz"), st.integers(0, 86_399), st.integers(0, 7_200)), max_size=12))
def test_the_order_of_the_images_plays_no_part(told: list[tuple[str, int, int]]) -> None:
    readings = [reading(f"{n:02}", *one) for n, one in enumerate(told)]
    shuffled = random.Random(1).sample(readings, len(readings))
    assert examinations(shuffled).members() == examinations(readings).members()


def test_a_reading_tells_neither_day_nor_clock_without_the_key() -> None:
    one, other = (
        reading("a", "21/05/2015", 47_607, 300),
        hidden("a", b"x" * 32, "Dd/Dd/Yddd", "21/05/2015", 47_607, 300),
    )
    assert one.day != other.day
    assert one.clock != other.clock
    assert one.clock is not None
    assert one.clock > 86_400
    assert "2015" not in repr(one)
    assert "47607" not in repr(one)
