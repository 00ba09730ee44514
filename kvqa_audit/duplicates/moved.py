"""Pairs of pictures come in; how many places of the one are found again in the other as if moved together goes out.

Pictures of one scene from which the camera, the light or a part moved cannot be laid on each other as a whole. But a
place of one, a small square with texture, is found again somewhere in the other, and places of one scene are found
again as if moved by one similarity (shift, scale and turn), while those of two scenes are found anywhere. What many
pictures show at the same place, such as burned-in text and the rim of the view, is no place of a scene.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kvqa_audit.duplicates.fields import Fields, Float, halved
from kvqa_audit.duplicates.surround import view_weight
from kvqa_audit.images.hashes import THUMBNAIL_SIDE_PX

_SIDE_PX = THUMBNAIL_SIDE_PX // 2
_PLACE_PX = 10
_STEP_PX, _SEEN_STEP_PX = 3, 1
_MIN_IN_VIEW_SHARE = 0.9
_MIN_DEVIATION = 0.05
_SAMPLE_PICTURES = 48
_SAMPLE_SEED = 20_240_701
_COMMON_AGREEMENT, _COMMON_SHARE, _COMMON_PICTURES = 0.5, 0.06, 2
_MIN_PLACE_AGREEMENT = 0.6
_MAX_SCALE, _MAX_TURN_RADIANS = 1.45, 0.6
_MIN_BASE, _MAX_MISS = 0.15, 0.04
_MAX_SHIFT_PX, _PADDED_PX, _MIN_SHARED_SHARE = 7, 24, 0.3
_PAIRS_PER_BLOCK = 256

Indices = NDArray[np.int64]
Complex = NDArray[np.complexfloating[Any, Any]]


@dataclass(frozen=True)
class Moved:
    """For each pair the number of places that were found again as if moved together, and their share; both (p,)."""

    places: Indices
    share: Float


def best_shift_agreement(fields: Fields, viewed: Indices, plain: Indices) -> Float:
    """How far pairs agree, (p,), under the best shift of up to half a side: 1 is equal, 0 unrelated.

    The normalised cross-correlation of the contrast fields at a quarter of the resolution, each without what all have.
    """
    common = _shown_by_all(fields, np.union1d(viewed, plain))
    found = np.empty(len(viewed), np.float32)
    for start in range(0, len(found), _PAIRS_PER_BLOCK):
        block = slice(start, start + _PAIRS_PER_BLOCK)
        pictures, number = np.unique((viewed[block], plain[block]), return_inverse=True)
        one, other = number.reshape(2, -1)
        shown, in_view = _quartered(fields, pictures)
        shown -= common
        shown *= in_view
        value, energy, area = (np.fft.rfft2(part, (_PADDED_PX,) * 2) for part in (shown, shown * shown, in_view))
        held = _shifted(energy[one], area[other]) * _shifted(area[one], energy[other])
        agreement = _shifted(value[one], value[other]) / np.sqrt(np.maximum(held, 1e-6))
        too_little = _shifted(area[one], area[other]) < _MIN_SHARED_SHARE * shown.shape[-1] ** 2
        agreement[too_little | ~_within()] = -1
        found[block] = agreement.reshape(len(one), -1).max(axis=1)
    return found


def _quartered(fields: Fields, pictures: Indices) -> tuple[Float, Float]:
    """The contrast fields at a quarter of the resolution, and 1 where they are in view, (k, 16, 16) each."""
    in_view = halved(halved(view_weight(fields.grey[pictures].astype(np.float32)))) > 0.5
    return halved(fields.half_contrast(pictures)), in_view.astype(np.float32)


def _shown_by_all(fields: Fields, pictures: Indices) -> Float:
    """The mean of the quartered contrast fields where they are in view, (16, 16), as if three more showed nothing."""
    total: Float = np.zeros((2, _SIDE_PX // 2, _SIDE_PX // 2), np.float32)
    for start in range(0, len(pictures), _PAIRS_PER_BLOCK):
        shown, in_view = _quartered(fields, pictures[start : start + _PAIRS_PER_BLOCK])
        for sums, values in zip(total, (shown * in_view, in_view), strict=True):
            # Picture by picture, so that the rounding does not hang on the block.
            np.add.reduce(np.concatenate((sums[None], values)), axis=0, out=sums)
    mean: Float = total[0] / (total[1] + 3)
    return mean


def _shifted(first: Complex, second: Complex) -> Float:
    """Sums of products of two pictures at every shift, (n, 24, 24)."""
    sums: Float = np.fft.irfft2(first.conj() * second, (_PADDED_PX,) * 2)
    return sums


@cache
def _within() -> NDArray[np.bool_]:
    shift = np.abs(np.fft.fftfreq(_PADDED_PX, 1 / _PADDED_PX)) <= _MAX_SHIFT_PX
    within: NDArray[np.bool_] = shift[:, None] & shift[None]
    return within


def sample_of(fields: Fields) -> Indices:
    """A few of the usable pictures, the same ones at every call."""
    usable = np.flatnonzero(fields.usable)
    if len(usable) <= _SAMPLE_PICTURES:
        return usable
    return np.sort(np.random.default_rng(_SAMPLE_SEED).choice(usable, _SAMPLE_PICTURES, replace=False))


def moved_together(fields: Fields, viewed: Indices, plain: Indices, sample: Indices) -> Moved:
    """Looks for the places of each viewed picture in the plain one.

    Args:
        fields: of all pictures.
        viewed, plain: the pairs, as numbers of pictures, (p,) each.
        sample: pictures of the dataset; what a good many of them show at the same place is left out.
    """
    squares = [_normalised(_squares(field, _STEP_PX)) for field in fields.half_contrast(sample)]
    of_sample = (
        np.stack(squares, axis=1) if squares else np.empty((len(_centres(_STEP_PX)), 0, _PLACE_PX**2), np.float32)
    )
    counted, share = np.zeros(len(viewed), np.int64), np.zeros(len(viewed), np.float32)
    for pair, (one, other) in enumerate(zip(viewed.tolist(), plain.tolist(), strict=True)):
        centres, places = _own_places(fields, one, of_sample, (sample != one) & (sample != other))
        if len(places) < 2:
            continue
        found, agreement = _found_again(places, fields, other)
        sure = agreement >= _MIN_PLACE_AGREEMENT
        counted[pair] = _consistent(centres[sure], found[sure])
        share[pair] = counted[pair] / len(places)
    return Moved(counted, share)


def _own_places(fields: Fields, picture: int, of_sample: Float, compared: NDArray[np.bool_]) -> tuple[Complex, Float]:
    """The centres, in sides, and the normalised squares of a picture's places that have texture of their own.

    `of_sample` are the normalised squares of other pictures, (k, s, 100); `compared` tells which of these count.
    """
    field, deviation, in_view = _pictured(fields, picture, _STEP_PX)
    places = _normalised(_squares(field, _STEP_PX))
    agreement = (of_sample @ places[:, :, None])[:, :, 0]
    shared = ((agreement >= _COMMON_AGREEMENT) & compared).sum(axis=1)
    own = in_view & (deviation >= _MIN_DEVIATION)
    own &= shared <= max(_COMMON_PICTURES, _COMMON_SHARE * np.count_nonzero(compared))
    return _centres(_STEP_PX)[own], places[own]


def _found_again(places: Float, fields: Fields, picture: int) -> tuple[Complex, Float]:
    """Where each place is found in another picture, in sides, and how far it agrees there."""
    field, deviation, in_view = _pictured(fields, picture, _SEEN_STEP_PX)
    agreement = places @ _squares(field, _SEEN_STEP_PX).T
    agreement /= deviation * _PLACE_PX + np.float32(1e-3)
    agreement[:, ~in_view] = -1
    best = agreement.argmax(axis=1)
    return _centres(_SEEN_STEP_PX)[best], agreement[np.arange(len(best)), best]


def _consistent(centres: Complex, found: Complex) -> int:
    """How many places one similarity moves to where they were found: the best of all that two places define."""
    one, other = np.triu_indices(len(centres), 1)
    base = centres[other] - centres[one]
    far = np.abs(base) >= _MIN_BASE
    one, factor = one[far], (found[other[far]] - found[one[far]]) / base[far]
    size = np.abs(factor)
    able = (size <= _MAX_SCALE) & (size >= 1 / _MAX_SCALE) & (np.abs(np.angle(factor)) <= _MAX_TURN_RADIANS)
    one, factor = one[able], factor[able]
    if not len(one):
        return 0
    miss = factor[:, None] * (centres - centres[one, None]) - (found - found[one, None])
    return int((np.abs(miss) <= _MAX_MISS).sum(axis=1).max())


def _pictured(fields: Fields, picture: int, step: int) -> tuple[Float, Float, NDArray[np.bool_]]:
    """The halved contrast field of a picture, and of its squares the standard deviation and whether each is in view."""
    chosen = np.array([picture])
    field, weight = fields.half_contrast(chosen)[0], halved(view_weight(fields.grey[chosen].astype(np.float32)))[0]
    mean, mean_square, seen = (_means(values, step) for values in (field, field * field, weight))
    return field, np.sqrt(np.maximum(mean_square - mean * mean, 0)).astype(np.float32), seen >= _MIN_IN_VIEW_SHARE


def _means(values: Float, step: int) -> Float:
    """The mean of each square, (k,), out of sums from the corner on (Crow 1984)."""
    sums = np.pad(values.cumsum(axis=0, dtype=np.float64).cumsum(axis=1), ((1, 0), (1, 0)))
    low, high = sums[:-_PLACE_PX:step], sums[_PLACE_PX::step]
    rows = high - low
    means: Float = (rows[:, _PLACE_PX::step] - rows[:, :-_PLACE_PX:step]).reshape(-1) / _PLACE_PX**2
    return means


def _squares(field: Float, step: int) -> Float:
    """The squares of a picture, one every few pixels, row by row, (k, 100)."""
    squares = np.lib.stride_tricks.sliding_window_view(field, (_PLACE_PX, _PLACE_PX))[::step, ::step]
    return squares.reshape(-1, _PLACE_PX**2)


def _normalised(squares: Float) -> Float:
    """The squares without their mean, of unit length."""
    places: Float = squares - squares.mean(axis=1, keepdims=True)
    places /= np.sqrt(np.einsum("kd,kd->k", places, places))[:, None] + np.float32(1e-3)
    return places


@cache
def _centres(step: int) -> Complex:
    """The centres of the squares of a picture, across + i down, in sides."""
    at = (np.arange(0, _SIDE_PX - _PLACE_PX + 1, step) + _PLACE_PX / 2) / _SIDE_PX
    centres: Complex = (at[None] + 1j * at[:, None]).reshape(-1)
    return centres
