"""Aligned grey pictures come in; how far one curve turns the tones of one into the other's, and where not, goes out.

Other light, contrast or gamma changes a pixel by what its tone is, wherever it lies; a box or text changes it by where
it lies, whatever its tone. So a cubic is fitted from tone to tone that does not follow outliers (iteratively reweighted
least squares: first absolute deviations, then Tukey's biweight; Holland and Welsch 1977); what it leaves over in a
place was laid over the picture there.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kvqa_audit.duplicates.fields import Float, halved

MIN_COVERED_GREY = 10.0
MIN_TOUCHED_GREY = 4.0
_OUTLYING_DEVIATIONS = 6.0
_ABSOLUTE_ROUNDS = 5
_BIWEIGHT_ROUNDS = 3
_BIWEIGHT_DEVIATIONS = 4.685
_BIWEIGHT_FLOOR_GREY = 4.0
_DARKEST_GREY, _BRIGHTEST_GREY = 3.0, 252.0
_OF_NORMAL = 1.4826
_RIDGE = 1e-3 * np.eye(4)
_BLOCKS_SIDE = 16
_MIN_BLOCK_SHARE = 0.5

Array = NDArray[Any]


@dataclass(frozen=True)
class Tone:
    """For each pair of pictures, (p,), what is left between them once their tones are made equal.

    `residual_grey` is by how many grey levels of 255 places differ, as a robust standard deviation over 16 x 16 places;
    `covered` the share of places that differ by far more; `touched` that of those that differ by four levels, which
    means something only where all else is equal to a fraction of a level; `shift_grey` by how much the curve moves the
    tones of all places that are not covered; `spread_grey` the standard deviation of the duller picture's places.
    """

    residual_grey: Float
    covered: Float
    touched: Float
    shift_grey: Float
    spread_grey: Float

    def at(self, number: int) -> PairTone:
        return PairTone(*(float(getattr(self, one.name)[number]) for one in fields(self)))


@dataclass(frozen=True, slots=True)
class PairTone:
    """One pair of `Tone`."""

    residual_grey: float
    covered: float
    touched: float
    shift_grey: float
    spread_grey: float


def compare_tones(first: Array, second: Array, shared: NDArray[np.bool_]) -> Tone:
    """Compares some hundred pictures, (p, s, s) grey 0 to 255, where both show something, (p, s, s).

    The curve is fitted in both directions, because a tone that was cut off at black or white cannot be brought back;
    the direction that leaves less uncovered counts. Light of a gamma below 0.65 that also cuts a tenth off at white is
    beyond both: near black a cubic is not steep enough, and up to a twentieth of the places seems covered.
    """
    one, other, area = (halved(pictures.astype(np.float32)) for pictures in (first, second, shared))
    there, back = (_left_over(*way, area == 1) for way in ((one, other), (other, one)))
    return Tone(*np.where(_worse(there, back), back, there))


def _worse(there: Array, back: Array) -> NDArray[np.bool_]:
    worse: NDArray[np.bool_] = (there[1] > back[1]) | ((there[1] == back[1]) & (there[0] > back[0]))
    return worse


def _left_over(source: Array, target: Array, seen: NDArray[np.bool_]) -> Array:
    """What `Tone` tells, (5, p), of the curve from source to target."""
    weight = seen.astype(np.float32)
    # A quarter of the pixels is plenty to find four numbers.
    curve = _curve(*(picture[:, ::2, ::2].reshape(len(source), -1) for picture in (source, target, weight)))
    flat = (len(source), -1)
    left = _left(target.reshape(flat), _powers(source.reshape(flat)), curve).reshape(source.shape)
    area = _block_means(weight)
    inside = area >= _MIN_BLOCK_SHARE
    area = np.maximum(area, _MIN_BLOCK_SHARE)
    rest = _block_means(left * weight) / area
    places = np.abs(rest)
    deviation = _OF_NORMAL * _median(places, inside)
    outlying = inside & (places > np.maximum(MIN_COVERED_GREY, _OUTLYING_DEVIATIONS * deviation)[:, None])
    touched = inside & (places > MIN_TOUCHED_GREY)
    covered, touched = (chosen.sum(axis=1) / np.maximum(inside.sum(axis=1), 1) for chosen in (outlying, touched))
    one, other = (_block_means(picture * weight) / area for picture in (source, target))
    kept = inside & ~outlying
    shift = (np.abs(other - rest - one) * kept).sum(axis=1) / np.maximum(kept.sum(axis=1), 1)
    return np.stack((deviation, covered, touched, shift, np.minimum(_spread(one, inside), _spread(other, inside))))


def _spread(places: Array, inside: NDArray[np.bool_]) -> Array:
    """The standard deviation of the places inside, (p,)."""
    count = np.maximum(inside.sum(axis=1), 1)
    mean = (places * inside).sum(axis=1) / count
    spread: Array = np.sqrt((((places - mean[:, None]) ** 2) * inside).sum(axis=1) / count)
    return spread


def _curve(source: Array, target: Array, weight: Array) -> Array:
    """Coefficients, (p, 4, 1), of the curve of tones from source to target, (p, k), by the polynomials of `_powers`."""
    powers = _powers(source)
    used, reach = weight, np.ones(len(source), np.float32)
    curve: Array = np.zeros((len(source), powers.shape[-1], 1))
    for number in range(_ABSOLUTE_ROUNDS + _BIWEIGHT_ROUNDS + 1):
        weighted = (powers * used[..., None]).swapaxes(1, 2)
        curve = np.linalg.solve((weighted @ powers).astype(np.float64) + _RIDGE, weighted @ target[..., None])
        left = _left(target, powers, curve)
        if number < _ABSOLUTE_ROUNDS:
            used = weight / np.maximum(np.abs(left), 1)
            continue
        if number == _ABSOLUTE_ROUNDS:
            deviation = np.maximum(_OF_NORMAL * _median(np.abs(left), weight > 0), 1)
            reach = (_BIWEIGHT_DEVIATIONS * deviation + _BIWEIGHT_FLOOR_GREY).astype(np.float32)
        used = weight * np.maximum(1 - (left / reach[:, None]) ** 2, 0) ** 2
    return curve


def _left(target: Array, powers: Array, curve: Array) -> Array:
    """Target less the curve, (p, k), 0 where both are cut off at black or white."""
    fitted = (powers @ curve.astype(np.float32))[..., 0]
    left: Array = target - np.clip(fitted, 0, 255)
    left[(target <= _DARKEST_GREY) & (fitted <= _DARKEST_GREY)] = 0
    left[(target >= _BRIGHTEST_GREY) & (fitted >= _BRIGHTEST_GREY)] = 0
    return left


def _powers(source: Array) -> Array:
    """The first four Chebyshev polynomials of tones 0 to 255, (..., 4); unlike plain powers they keep apart."""
    tone = source * np.float32(2 / 255) - 1
    square = tone * tone
    powers: Array = np.stack((np.ones_like(tone), tone, 2 * square - 1, (4 * square - 3) * tone), axis=-1)
    return powers


def _median(values: Array, chosen: NDArray[np.bool_]) -> Array:
    """The median of the chosen values of each row, (p,); 0 where none is chosen."""
    count = chosen.sum(axis=1)
    ordered = np.sort(np.where(chosen, values, np.inf), axis=1)
    middle = ordered[np.arange(len(values)), np.maximum((count - 1) // 2, 0)]
    median: Array = np.where(count > 0, middle, 0)
    return median


def _block_means(values: Array) -> Array:
    """Means over 16 x 16 blocks, (p, 256)."""
    count, side, _ = values.shape
    size = side // _BLOCKS_SIDE
    means: Array = values.reshape(count, _BLOCKS_SIDE, size, _BLOCKS_SIDE, size).mean(axis=(2, 4)).reshape(count, -1)
    return means
