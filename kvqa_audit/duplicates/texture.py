"""Contrast fields come in; whether a picture holds enough to be known by goes out: texture that is not repeated."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

MIN_TEXTURED_SHARE = 0.6
MIN_TEXTURED_BLOCKS = 14
MAX_SELF_AGREEMENT = 0.75
_BLOCKS_SIDE = 8
_MIN_FIELD_ENERGY = 0.02
_TEXTURED_ENERGY = 0.05
_MIN_DETAIL_SHARE = 0.03
_MIN_DETAIL_SHARE_OF_ALL = 0.10
_IN_VIEW_WEIGHT = 0.5
_MIN_SHIFT_SHARE = 0.1875
_MAX_SHIFT_SHARE = 0.4375
_MIN_SHARED_SHARE = 0.25
_NOISE_ENERGY = 0.01

Float = NDArray[np.floating[Any]]


def is_textured(field: Float, weight: Float) -> NDArray[np.bool_]:
    """Whether most of what each picture shows has texture, (n,), and not just its outline or its shading.

    Takes contrast fields and how surely each pixel is in view, both (n, s, s). Shading is smooth, so over a block it is
    close to a plane, and lamps make much the same of every scene: only what a fitted plane leaves over is texture.
    """
    energy, in_view = _block_means(field * field), _block_means(weight) > _IN_VIEW_WEIGHT
    detail = energy - _plane_energy(field)
    has_texture = (energy >= _TEXTURED_ENERGY) & (detail >= _MIN_DETAIL_SHARE * energy)
    mostly_shading = (detail * in_view).sum(axis=1) < _MIN_DETAIL_SHARE_OF_ALL * (energy * in_view).sum(axis=1)
    textured = (has_texture & in_view).sum(axis=1)
    enough = (textured >= MIN_TEXTURED_BLOCKS) & (textured >= MIN_TEXTURED_SHARE * in_view.sum(axis=1))
    found: NDArray[np.bool_] = enough & ~mostly_shading & (energy.mean(axis=1) >= _MIN_FIELD_ENERGY)
    return found


def is_repeated(field: Float, weight: Float) -> NDArray[np.bool_]:
    """Whether each picture looks the same a good way further on, (n,), as stripes, bars and lines of text do.

    Two pictures of one pattern agree at many places, so that no place is evident. Takes contrast fields and how surely
    each pixel is in view, both (n, s, s). The autocorrelation is normalised by what the overlapping parts hold.
    """
    side = field.shape[-1]
    padded = side + side // 2
    in_view = (weight > _IN_VIEW_WEIGHT).astype(np.float32)
    shown = _spectrum(field * in_view, padded)
    energy, area = _spectrum(field * field * in_view, padded), _spectrum(in_view, padded)
    product = _shifted_sums(shown, shown, padded)
    # Summed over a shift and its opposite, so that both the overlapping parts count.
    held = _shifted_sums(area, energy, padded)
    overlap = _shifted_sums(area, area, padded)
    agreement = product / (held + _NOISE_ENERGY * overlap + 1e-3)
    enough = overlap >= _MIN_SHARED_SHARE * in_view.sum(axis=(1, 2))[:, None, None]
    found: NDArray[np.bool_] = ((agreement > MAX_SELF_AGREEMENT) & enough & _far(side, padded)).any(axis=(1, 2))
    return found


def detail_of(field: Float) -> Float:
    """Fields, (n, s, s), less the plane fitted to each of 8 x 8 blocks: texture without its shading."""
    along = _mean_and_slope(field.shape[-1])
    fitted = (along @ (field @ along.T)).reshape(-1, 2, _BLOCKS_SIDE, 2, _BLOCKS_SIDE)
    fitted[:, 1, :, 1] = 0
    spread = along.T * np.float32(field.shape[-1] // _BLOCKS_SIDE)
    plane = spread @ fitted.reshape(-1, len(along), len(along)) @ spread.T
    detail: Float = field - plane
    return detail


def _spectrum(pictures: Float, padded: int) -> NDArray[np.complexfloating[Any, Any]]:
    spectrum: NDArray[np.complexfloating[Any, Any]] = np.fft.rfft2(pictures, (padded, padded))
    return spectrum


def _shifted_sums(first: Any, second: Any, padded: int) -> Float:
    """Sums of products of two pictures at every shift, averaged over the shift and its opposite, (n, p, p)."""
    sums: Float = np.fft.irfft2((first.conj() * second).real, (padded, padded))
    return sums


@cache
def _far(side: int, padded: int) -> NDArray[np.bool_]:
    """Which shifts are well beyond the texture's own size, and not beyond what the padding keeps apart, (p, p)."""
    shift = np.abs(np.fft.fftfreq(padded, 1 / padded)) / side
    within = shift <= _MAX_SHIFT_SHARE
    far: NDArray[np.bool_] = np.hypot(shift[:, None], shift[None]) >= _MIN_SHIFT_SHARE
    far &= within[:, None] & within[None]
    return far


def _block_means(values: Float) -> Float:
    """Means over 8 x 8 blocks, (n, 64)."""
    count, side, _ = values.shape
    size = side // _BLOCKS_SIDE
    rows = values.reshape(count, _BLOCKS_SIDE, size, side).mean(axis=2)
    means: Float = rows.reshape(count, _BLOCKS_SIDE, _BLOCKS_SIDE, size).mean(axis=3).reshape(count, -1)
    return means


def _plane_energy(field: Float) -> Float:
    """The mean energy of the plane fitted to each of 8 x 8 blocks, (n, 64)."""
    along = _mean_and_slope(field.shape[-1])
    seen = along @ (field @ along.T)
    seen *= seen
    parts = seen.reshape(-1, 2, _BLOCKS_SIDE, 2, _BLOCKS_SIDE)
    energy: Float = (parts[:, 0, :, 0] + parts[:, 0, :, 1] + parts[:, 1, :, 0]).reshape(len(field), -1)
    return energy


@cache
def _mean_and_slope(side: int) -> Float:
    """Along one axis the means of 8 blocks, then their slopes in units of a ramp of unit energy, (16, side)."""
    size = side // _BLOCKS_SIDE
    ramp = np.arange(size) - (size - 1) / 2
    ramp /= np.sqrt((ramp * ramp).mean())
    each_block = np.eye(_BLOCKS_SIDE)
    fits = [np.kron(each_block, shape[None] / size) for shape in (np.ones(size), ramp)]
    found: Float = np.concatenate(fits).astype(np.float32)
    return found
