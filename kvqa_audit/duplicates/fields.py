"""Thumbnails come in; contrast fields go out: what a picture shows, without its light, surround and flat parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kvqa_audit.images.hashes import THUMBNAIL_SIDE_PX

Float = NDArray[np.floating[Any]]

_FINE_PX = 1.0
_COARSE_PX = 5.0
_SURROUND_GREY = 10.0
_SURROUND_SOFTNESS_GREY = 14.0
_NOISE_GREY = 4.0
_CLIP = 2.0
_MIN_FIELD_ENERGY = 0.02
_MIN_CONTRAST_GREY = 4.0


@dataclass(frozen=True)
class Fields:
    """Contrast fields, (n, 64, 64) float32, and the weight of each pixel, 0 in the black surround, (n, 64, 64).

    `usable` is False, (n,), for pictures with too little in them to be told apart: flat, black, near-constant.
    """

    contrast: Float
    weight: Float
    usable: NDArray[np.bool_]


def fields_of(thumbnails: Sequence[bytes]) -> Fields:
    """Band-passes every thumbnail (64 x 64 bytes) and divides by the local contrast, inside the field of view only.

    The normalised convolution (Knutsson and Westin 1993) keeps the edge between the picture and its black surround,
    which all endoscopy frames share, out of the field.
    """
    side = THUMBNAIL_SIDE_PX
    grey = np.frombuffer(b"".join(thumbnails), np.uint8).reshape(-1, side, side).astype(np.float32)
    weight = np.clip((grey - _SURROUND_GREY) / _SURROUND_SOFTNESS_GREY, 0, 1).astype(np.float32)
    fine, coarse = _gaussian(side, _FINE_PX), _gaussian(side, _COARSE_PX)
    coarse_weight = _blurred(weight, coarse) + 1e-3
    mean = _blurred(grey * weight, coarse) / coarse_weight
    detail = _blurred((grey - mean) * weight, fine)
    variance = _blurred(detail * detail, coarse) / coarse_weight
    contrast = np.clip(detail / (np.sqrt(variance) + _NOISE_GREY), -_CLIP, _CLIP)
    energy = (contrast * contrast).mean(axis=(1, 2))
    usable = (energy >= _MIN_FIELD_ENERGY) & (grey.std(axis=(1, 2)) >= _MIN_CONTRAST_GREY)
    return Fields(contrast, weight, usable)


def _gaussian(side: int, sigma_px: float) -> Float:
    steps = np.arange(side)
    kernel = np.exp(-0.5 * ((steps[:, None] - steps[None]) / sigma_px) ** 2)
    normalised: Float = (kernel / kernel.sum(axis=1, keepdims=True)).astype(np.float32)
    return normalised


def _blurred(pictures: Float, kernel: Float) -> Float:
    blurred: Float = kernel @ pictures @ kernel.T
    return blurred
