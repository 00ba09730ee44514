"""What a curve of tones explains is light; what it does not explain in one place was laid over the picture there."""

from __future__ import annotations

from dataclasses import astuple

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scenes import scene

from kvqa_audit.duplicates.tone import PairTone, compare_tones

SIDE = 64
EVERYWHERE = np.ones((1, SIDE, SIDE), np.bool_)
SCENES = [np.asarray(scene(seed).resize((SIDE, SIDE)), np.float32)[None] for seed in range(6)]


def tone_of(first: np.ndarray, second: np.ndarray, shared: np.ndarray = EVERYWHERE) -> PairTone:
    return compare_tones(first, second, shared).at(0)


@settings(max_examples=60)
@given(
    st.sampled_from(SCENES), st.floats(0.35, 1.3), st.floats(-25, 25), st.floats(0.65, 1.8), st.integers(0, 2**32 - 1)
)
def test_no_curve_of_light_looks_like_something_laid_over(picture, gain, lift, gamma, seed) -> None:
    noise = np.random.default_rng(seed).normal(0, 1, picture.shape)
    lit = np.clip(255 * gain * (picture / 255) ** gamma + lift + noise, 0, 255).round()
    assume(lit.std() > 25 and ((lit == 0) | (lit == 255)).mean() < 0.4)
    for first, second in ((picture, lit), (lit, picture)):
        tone = tone_of(first, second)
        assert tone.covered < 0.05
        assert tone.residual_grey < 2.5


@settings(max_examples=60)
@given(
    st.sampled_from(SCENES),
    st.integers(3, 8),
    st.integers(3, 8),
    st.integers(3, 6),
    st.integers(3, 6),
    st.sampled_from([0, 110, 200]),
    st.floats(0.6, 1.0),
)
def test_a_box_is_told_by_its_size_whatever_the_light(picture, left, top, width, height, grey, gain) -> None:
    boxed = picture * gain
    box = (slice(None), slice(4 * top, 4 * (top + height)), slice(4 * left, 4 * (left + width)))
    blocks = np.abs(boxed[box] - grey).reshape(height, 4, width, 4).mean(axis=(1, 3))
    boxed[box] = grey
    tone = tone_of(picture, boxed)
    plainly = (blocks > 60).sum() / 256
    assert 0.5 * plainly - 1 / 256 <= tone.covered <= width * height / 256 + 2 / 256


def test_a_faint_line_of_text_shows_where_all_else_is_equal() -> None:
    lettered = SCENES[0].copy()
    lettered[:, 4:8, 8:24] += np.float32(7)
    told = tone_of(SCENES[0], lettered)
    assert told.residual_grey < 0.12
    assert (told.covered, told.touched) == (0, 4 / 256)


def test_only_what_both_show_is_compared() -> None:
    other = SCENES[0].copy()
    other[:, :, 32:] = 0
    shared = EVERYWHERE.copy()
    shared[:, :, 32:] = False
    told, expected = tone_of(SCENES[0], other, shared), tone_of(SCENES[0], SCENES[0], shared)
    assert astuple(told) == pytest.approx(astuple(expected), abs=1e-3)
    assert tone_of(SCENES[0], other).residual_grey > 10


def test_pictures_without_anything_in_common_have_no_tone_in_common() -> None:
    assert tone_of(SCENES[0], SCENES[1]).residual_grey > 10
    nothing = tone_of(SCENES[0], SCENES[1], np.zeros_like(EVERYWHERE))
    assert nothing == PairTone(0, 0, 0, 0, 0)


def test_pairs_do_not_depend_on_those_beside_them() -> None:
    first = np.concatenate(SCENES)
    second = np.concatenate(SCENES[1:] + SCENES[:1])
    together = compare_tones(first, second, np.repeat(EVERYWHERE, len(first), axis=0))
    for number in range(len(first)):
        assert together.at(number) == tone_of(first[number][None], second[number][None])
