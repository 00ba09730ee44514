"""Shares are told with intervals of published values."""

from __future__ import annotations

import pytest

from kvqa_audit.model.estimate import share_of, wilson


@pytest.mark.parametrize(
    ("violations", "eligible", "low", "high"),
    [(0, 10, 0.0, 0.27753), (10, 10, 0.72247, 1.0), (5, 100, 0.02154, 0.11175), (0, 0, 0.0, 1.0)],
)
def test_wilson_interval_equals_published_values(violations: int, eligible: int, low: float, high: float) -> None:
    assert wilson(violations, eligible) == (pytest.approx(low, abs=1e-5), pytest.approx(high, abs=1e-5))


def test_a_share_is_told_in_percent_with_its_interval() -> None:
    told = share_of(15, 18)
    assert told is not None
    assert told.in_percent() == "83 % (61 % to 94 %, of 18)"
    assert share_of(0, 0) is None
