"""Thumbnails come in; contrast fields go out: what a picture shows, without its light, surround and flat parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kvqa_audit.images.hashes import THUMBNAIL_SIDE_PX

Float = NDArray[np.floating[Any]]

MIN_CONTRAST_GREY = 4.0
MIN_FIELD_ENERGY = 0.02
_FINE_PX = 1.0
_COARSE_PX = 5.0
_SURROUND_GREY = 10.0
_SURROUND_SOFTNESS_GREY = 14.0
_NOISE_GREY = 4.0
_CLIP = 2.0
_STEPS = 63
_PICTURES_PER_BLOCK = 512


@dataclass(frozen=True)
class Fields:
    """Grey thumbnails, (n, 64, 64) uint8, and their contrast fields, (n, 64, 64), stored in steps of 1/63 as int8.

    `usable` is False, (n,), for pictures with too little in them to be told apart: flat, black, near-constant.
    """

    grey: NDArray[np.uint8]
    contrast_steps: NDArray[np.int8]
    usable: NDArray[np.bool_]

    def contrast(self, chosen: NDArray[np.int64]) -> Float:
        """The contrast fields of the chosen pictures, (k, 64, 64) float32."""
        field: Float = self.contrast_steps[chosen] * np.float32(1 / _STEPS)
        return field


def fields_of(thumbnails: Sequence[bytes]) -> Fields:
    """Contrast fields of thumbnails of 64 x 64 bytes."""
    side = THUMBNAIL_SIDE_PX
    grey = np.frombuffer(b"".join(thumbnails), np.uint8).reshape(-1, side, side)
    steps = np.empty(grey.shape, np.int8)
    usable = np.empty(len(grey), np.bool_)
    for start in range(0, len(grey), _PICTURES_PER_BLOCK):
        block = slice(start, start + _PICTURES_PER_BLOCK)
        values = grey[block].astype(np.float32)
        field = contrast_of(values, view_weight(values))
        steps[block] = np.rint(field * _STEPS)
        energy = (field * field).mean(axis=(1, 2))
        usable[block] = (energy >= MIN_FIELD_ENERGY) & (values.std(axis=(1, 2)) >= MIN_CONTRAST_GREY)
    return Fields(grey, steps, usable)


def view_weight(grey: Float) -> Float:
    """How surely each pixel lies in the field of view, 0 to 1: nothing in the black surround."""
    weight: Float = np.clip((grey - _SURROUND_GREY) / _SURROUND_SOFTNESS_GREY, 0, 1)
    return weight


def contrast_of(grey: Float, weight: Float) -> Float:
    """Band-passes pictures, (n, s, s), and divides by the local contrast, where their weight is not 0.

    The normalised convolution (Knutsson and Westin 1993) keeps the edge between the picture and its black surround,
    which all endoscopy frames share, out of the field.
    """
    side = grey.shape[-1]
    fine, coarse = _gaussian(side, _FINE_PX), _gaussian(side, _COARSE_PX)
    coarse_weight = _blurred(weight, coarse) + np.float32(1e-3)
    mean = _blurred(grey * weight, coarse) / coarse_weight
    detail = _blurred((grey - mean) * weight, fine)
    variance = _blurred(detail * detail, coarse) / coarse_weight
    field: Float = np.clip(detail / (np.sqrt(variance) + np.float32(_NOISE_GREY)), -_CLIP, _CLIP)
    return field


def halved(pictures: Float) -> Float:
    """Means of 2 x 2 pixels."""
    rows = pictures[:, ::2] + pictures[:, 1::2]
    return (rows[:, :, ::2] + rows[:, :, 1::2]) / 4


def _gaussian(side: int, sigma_px: float) -> Float:
    steps = np.arange(side)
    kernel = np.exp(-0.5 * ((steps[:, None] - steps[None]) / sigma_px) ** 2)
    normalised: Float = (kernel / kernel.sum(axis=1, keepdims=True)).astype(np.float32)
    return normalised


def _blurred(pictures: Float, kernel: Float) -> Float:
    blurred: Float = kernel @ pictures @ kernel.T
    return blurred
