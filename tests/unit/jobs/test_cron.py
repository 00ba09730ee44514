"""Moments of a cron expression: both changes of summer time, and backwards the same as forwards."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvqa_audit.jobs.cron import last_times, times_after


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]


def test_a_moment_that_the_clock_leaves_out_comes_right_after_the_gap() -> None:
    # In Oslo, 2026-03-29 02:00 is followed by 03:00.
    times = times_after("30 2 * * *", "Europe/Oslo", utc(2026, 3, 27, 12), 3)
    assert times == (utc(2026, 3, 28, 1, 30), utc(2026, 3, 29, 1), utc(2026, 3, 30, 0, 30))


def test_a_moment_that_the_clock_shows_twice_comes_once() -> None:
    # In Oslo, 2026-10-25 02:59 is followed by 02:00.
    times = times_after("30 2 * * *", "Europe/Oslo", utc(2026, 10, 24, 12), 2)
    assert times == (utc(2026, 10, 25, 0, 30), utc(2026, 10, 26, 1, 30))


def test_every_quarter_of_an_hour_goes_on_through_both_changes() -> None:
    for start in (utc(2026, 3, 28, 22), utc(2026, 10, 24, 22)):
        times = times_after("*/15 * * * *", "Europe/Oslo", start, 20)
        assert times == tuple(start + timedelta(minutes=15 * n) for n in range(1, 21))


def test_an_expression_without_moments_has_none() -> None:
    assert times_after("0 0 29 2 MON#5", "UTC", utc(2026, 1, 1), 0) == ()
    assert last_times("0 0 * * *", "UTC", utc(2026, 1, 1, 1), utc(2026, 1, 1, 23), 9) == ()


CRONS = st.sampled_from(
    ["30 2 * * *", "*/15 * * * *", "0 * * * *", "5,35 1-3 * * *", "0 0 1 * *", "17 2 * * 0", "*/7 */2 * * *"]
)
ZONES = st.sampled_from(["UTC", "Europe/Oslo", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"])
# Around changes of summer time, and between them.
STARTS = st.datetimes(datetime(2026, 3, 1), datetime(2026, 11, 10), timezones=st.just(UTC))


@given(CRONS, ZONES, STARTS, st.integers(1, 60 * 24 * 5))
def test_what_was_missed_is_what_would_have_come(cron: str, zone: str, start: datetime, minutes: int) -> None:
    until = start + timedelta(minutes=minutes)
    forwards = [moment for moment in times_after(cron, zone, start, 600) if moment <= until]
    backwards = [moment for moment in last_times(cron, zone, start, until, 600) if moment > start]
    assert backwards == forwards


@pytest.mark.parametrize("limit", [1, 3])
def test_the_last_ones_are_taken(limit: int) -> None:
    times = last_times("0 * * * *", "UTC", utc(2026, 1, 1), utc(2026, 1, 1, 5), limit)
    assert times == tuple(utc(2026, 1, 1, 6 - limit + n) for n in range(limit))
