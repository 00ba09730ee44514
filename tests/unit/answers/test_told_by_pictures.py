"""What pictures tell about answers is measured beside chance, with an interval; copies count once."""

from __future__ import annotations

import numpy as np

from kvqa_audit.answers.told_by_pictures import PictureGain, gain_by_pictures


def measured(told: float, seed: int, count: int = 400) -> PictureGain | None:
    """Answers of two kinds, and log odds that hang on them by `told`, with noise."""
    chance = np.random.default_rng(seed)
    given = chance.integers(0, 2, count)
    sign = np.where(given == 1, 1.0, -1.0) * told + chance.normal(0, 0.3, count)
    return gain_by_pictures("q", np.column_stack((-sign, sign)), given, np.arange(count))


def test_a_picture_that_tells_is_told_from_chance() -> None:
    gain = measured(0.8, 1)
    assert gain is not None
    assert not gain.is_chance
    assert 0 < gain.low < gain.bits < gain.high < 1


def test_pictures_that_tell_nothing_are_chance() -> None:
    assert sum(gain.is_chance for seed in range(40) if (gain := measured(0.0, seed)) is not None) >= 38


def test_copies_count_once_and_few_pictures_not_at_all() -> None:
    chance = np.random.default_rng(3)
    given, odds = chance.integers(0, 2, 400), chance.normal(size=(400, 2))
    assert gain_by_pictures("q", odds, given, np.arange(400) // 5) is None
    assert gain_by_pictures("q", np.zeros((400, 2)), given, np.arange(400)) is None
