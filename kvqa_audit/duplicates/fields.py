"""Thumbnails come in; contrast fields go out: what a picture shows, without its light, surround and flat parts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kvqa_audit.duplicates.blocks import in_blocks
from kvqa_audit.duplicates.rows_on_disk import MakeRows, Rows
from kvqa_audit.duplicates.surround import view_weight, without_surround
from kvqa_audit.duplicates.texture import is_textured
from kvqa_audit.images.hashes import THUMBNAIL_SIDE_PX

Indices = NDArray[np.int64]
Float = NDArray[np.floating[Any]]

MIN_CONTRAST_GREY = 4.0
_FINE_PX = 1.0
_COARSE_PX = 5.0
_NOISE_GREY = 4.0
_CLIP = 2.0
_STEPS = 63
_PICTURES_PER_BLOCK = 64
_COARSE_RANK = 20
_MIN_KERNEL_WEIGHT = 1e-7


@dataclass(frozen=True)
class Fields:
    """Grey thumbnails, (n, 64, 64) uint8, and their contrast fields, stored in steps of 1/63 as int8.

    `contrast_steps` is (n, 64, 64), `halved_steps` the same at half the resolution, (n, 32, 32). `in_view` is the share
    of each picture, (n,), that is no black surround. `usable` is False, (n,), for pictures with too little in them to
    be told apart: flat, black, near-constant, merely shaded. The first three are arrays, or rows on disk.
    """

    grey: Rows
    contrast_steps: Rows
    halved_steps: Rows
    in_view: NDArray[np.float32]
    usable: NDArray[np.bool_]

    def contrast(self, chosen: NDArray[np.int64]) -> Float:
        """The contrast fields of the chosen pictures, (k, 64, 64) float32."""
        field: Float = self.contrast_steps[chosen] * np.float32(1 / _STEPS)
        return field

    def half_contrast(self, chosen: NDArray[np.int64]) -> Float:
        """The contrast fields of the chosen pictures at half the resolution, (k, 32, 32) float32."""
        field: Float = self.halved_steps[chosen] * np.float32(1 / _STEPS)
        return field


def fields_of(grey: Rows, make_rows: MakeRows = np.empty) -> Fields:
    """Contrast fields of thumbnails, (n, 64, 64), kept in rows such as `make_rows` makes."""
    side = THUMBNAIL_SIDE_PX
    steps = make_rows((len(grey), side, side), np.int8)
    halved_steps = make_rows((len(grey), side // 2, side // 2), np.int8)
    in_view = np.empty(len(grey), np.float32)
    usable = np.empty(len(grey), np.bool_)

    def fill(block: slice) -> None:
        values = grey[block].astype(np.float32)
        weight = view_weight(values)
        in_view[block] = weight.mean(axis=(1, 2))
        field = contrast_of(values, weight)
        usable[block] = _can_be_told_apart(values, field, weight)
        narrow, enlarged = without_surround(values)
        if len(enlarged):
            shown = view_weight(enlarged)
            usable[block.start + np.flatnonzero(narrow)] &= _can_be_told_apart(
                enlarged, contrast_of(enlarged, shown), shown
            )
        field *= _STEPS
        steps[block] = np.rint(field)
        halved_steps[block] = np.rint(halved(field))

    in_blocks(fill, len(grey), _PICTURES_PER_BLOCK)
    return Fields(grey, steps, halved_steps, in_view, usable)


def _can_be_told_apart(grey: Float, field: Float, weight: Float) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = is_textured(field, weight) & (grey.std(axis=(1, 2)) >= MIN_CONTRAST_GREY)
    return found


def contrast_of(grey: Float, weight: Float) -> Float:
    """Band-passes pictures, (..., n, s, s), and divides by the local contrast, where their weight, (n, s, s), is not 0.

    The normalised convolution (Knutsson and Westin 1993) keeps the edge between the picture and its black surround,
    which all endoscopy frames share, out of the field.
    """
    side = grey.shape[-1]
    coarse_weight = _coarse(weight, side)
    coarse_weight += np.float32(1e-3)
    mean = _coarse(grey * weight, side)
    mean /= coarse_weight
    detail = np.subtract(grey, mean, out=mean)
    detail *= weight
    fine = _gaussian(side, _FINE_PX)
    detail = fine @ (detail @ fine.T)
    variance = _coarse(detail * detail, side)
    variance /= coarse_weight
    deviation = np.sqrt(np.maximum(variance, 0, out=variance), out=variance)
    deviation += np.float32(_NOISE_GREY)
    detail /= deviation
    field: Float = np.clip(detail, -_CLIP, _CLIP, out=detail)
    return field


def halved(pictures: Float) -> Float:
    """Means of 2 x 2 pixels."""
    rows = pictures[:, ::2] + pictures[:, 1::2]
    return (rows[:, :, ::2] + rows[:, :, 1::2]) / 4


@cache
def _gaussian(side: int, sigma_px: float) -> Float:
    """A Gaussian blur along one axis, (side, side), each row's weights summing to 1."""
    steps = np.arange(side)
    kernel = np.exp(-0.5 * ((steps[:, None] - steps[None]) / sigma_px) ** 2)
    # Denormal weights would make every product with them many times slower.
    kernel[kernel < _MIN_KERNEL_WEIGHT] = 0
    normalised: Float = (kernel / kernel.sum(axis=1, keepdims=True)).astype(np.float32)
    return normalised


@cache
def _coarse_factors(side: int) -> tuple[Float, Float]:
    """Two factors, (side, 20) and (20, side), whose product is the coarse blur to five decimals: half the work."""
    blur = _gaussian(side, _COARSE_PX).astype(np.float64)
    # Powers of the blur on some of its columns span what it lets through (Halko et al. 2011). Singular values, to no
    # better end, would start the array library's own threads, which stay awake for long.
    spread, _ = np.linalg.qr(blur @ (blur.T @ blur[:, :: max(1, side // _COARSE_RANK)][:, :_COARSE_RANK]))
    return spread.astype(np.float32), (spread.T @ blur).astype(np.float32)


def _coarse(pictures: Float, side: int) -> Float:
    spread, gather = _coarse_factors(side)
    blurred: Float = spread @ ((gather @ (pictures @ gather.T)) @ spread.T)
    return blurred
