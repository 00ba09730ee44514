"""Grey thumbnails come in; what of each is picture and what black surround, and the picture without it, go out."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

MAX_NARROW_SHARE = 0.75
_SURROUND_GREY = 10.0
_SURROUND_SOFTNESS_GREY = 14.0
_IN_VIEW_WEIGHT = 0.5

Float = NDArray[np.floating[Any]]


def view_weight(grey: Float) -> Float:
    """How surely each pixel lies in the field of view, 0 to 1: nothing in the black surround."""
    weight = grey - np.float32(_SURROUND_GREY)
    weight /= np.float32(_SURROUND_SOFTNESS_GREY)
    found: Float = np.clip(weight, 0, 1, out=weight)
    return found


def without_surround(grey: Float) -> tuple[NDArray[np.bool_], Float]:
    """Enlarges thumbnails, (n, s, s), whose picture fills less than three quarters of them: of those much is outline.

    Gives which they are, (n,), and these k alone, (k, s, s): the box around what they show, but for its outermost
    pixels, in which the outline is, stretched to the whole side by linear interpolation.
    """
    shown: NDArray[np.bool_] = _eroded(view_weight(grey)) > _IN_VIEW_WEIGHT
    left, right = _ends(np.any(shown, axis=1))
    top, bottom = _ends(np.any(shown, axis=2))
    area = (right - left) * (bottom - top)
    narrow = (area > 0) & (area < MAX_NARROW_SHARE * grey.shape[-1] ** 2)
    across = _stretched(grey[narrow], left[narrow], right[narrow])
    along = _stretched(across.transpose(0, 2, 1), top[narrow], bottom[narrow])
    return narrow, along.transpose(0, 2, 1)


def _eroded(weight: Float) -> Float:
    """The least weight of each pixel and its eight neighbours."""
    around = np.pad(weight, ((0, 0), (1, 1), (1, 1)), mode="edge")
    rows = np.minimum(np.minimum(around[:, :-2], around[:, 1:-1]), around[:, 2:])
    least: Float = np.minimum(np.minimum(rows[:, :, :-2], rows[:, :, 1:-1]), rows[:, :, 2:])
    return least


def _ends(lines: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The first of the lines, (n, s), of each picture that show something, and the one after the last."""
    first, last = lines.argmax(axis=1), lines.shape[1] - lines[:, ::-1].argmax(axis=1)
    return first, np.where(lines.any(axis=1), last, first)


def _stretched(pictures: Float, start: NDArray[np.int64], stop: NDArray[np.int64]) -> Float:
    """The columns from `start` to before `stop` of each picture, (k, s, s), stretched over all of its width."""
    side = pictures.shape[-1]
    at = start[:, None] + (np.arange(side) + 0.5) * ((stop - start) / side)[:, None] - 0.5
    at = np.clip(at, start[:, None], stop[:, None] - 1)
    low = np.minimum(at.astype(np.int64), side - 2)
    share = (at - low).astype(np.float32)[:, None]
    first, second = (np.take_along_axis(pictures, place[:, None], axis=2) for place in (low, low + 1))
    stretched: Float = first + share * (second - first)
    return stretched
