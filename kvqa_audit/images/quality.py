"""A reduced grey picture comes in; brightness, contrast, sharpness and entropy inside the field of view go out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

QUALITY_VERSION = "quality-3"
DARK_LEVEL = 30
BRIGHT_LEVEL = 240

# What is worth a look. Looked at on 869 colonoscopy and gastroscopy frames: the first frames beyond these limits are
# truly burnt out (2) or out of focus (1); no frame comes near the other two limits.
DARK_BELOW_BRIGHTNESS = 40.0
BRIGHT_ABOVE_SHARE = 0.15
BLURRY_BELOW_SHARPNESS = 0.38
FLAT_BELOW_ENTROPY_BITS = 4.0

_SURROUND_LEVEL = 20
_SMALLEST_VIEW = 0.05
_MARGIN_PX = 3
_ROW_STEP = 3
_COLUMNS_A_WORD = 8
_TOO_WIDE_FOR_INT16 = 1 << 15
_LEVELS = np.arange(256, dtype=np.float64)
# What a histogram is multiplied with: the pixels, their sum and sum of squares, the dark and the bright ones.
_SUMS = np.stack([_LEVELS**0, _LEVELS, _LEVELS**2, _LEVELS < DARK_LEVEL, _LEVELS >= BRIGHT_LEVEL])


@dataclass(frozen=True, slots=True)
class Quality:
    """How a picture looks inside its field of view.

    `brightness` (mean) and `contrast` (standard deviation) are in grey levels, 0 to 255. `sharpness` is the mean
    absolute Laplacian over the mean absolute gradient: how much of the picture's change is fine, whatever its
    contrast. `entropy_bits` is the entropy of the grey histogram, 0 to 8. `dark_share` and `bright_share` are the
    shares of pixels below DARK_LEVEL and from BRIGHT_LEVEL on.
    """

    brightness: float
    contrast: float
    sharpness: float
    entropy_bits: float
    dark_share: float
    bright_share: float


def quality_of(grey: NDArray[np.uint8]) -> Quality:
    """Measures one reduced grey picture, (H, W) uint8, on every third of its rows.

    An endoscopy frame has a black surround, which is left out: a pixel is inside the field of view when it lies
    between the outermost lit pixels of its row and of its column. Where hardly anything is lit the frame as a whole is
    measured, so that a black picture is a dark one.
    """
    rows = grey[1::_ROW_STEP] if len(grey) >= _ROW_STEP else grey
    inside = field_of_view(rows)
    histogram = np.bincount(rows[inside], minlength=256)
    pixels, total, squares, dark, bright = (_SUMS @ histogram).tolist()
    bits = float(histogram @ np.log2(np.maximum(histogram, 1)))
    return Quality(
        brightness=round(total / pixels, 3),
        contrast=round(math.sqrt(max(squares * pixels - total * total, 0.0)) / pixels, 3),
        sharpness=round(_sharpness(grey, inside), 4),
        entropy_bits=round(abs(math.log2(pixels) - bits / pixels), 4),
        dark_share=round(dark / pixels, 4),
        bright_share=round(bright / pixels, 4),
    )


def field_of_view(grey: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """The pixels inside the field of view, (H, W); all of them where hardly anything is lit."""
    height, width = grey.shape
    # Whole words of columns, and at least one more column, whose lit pixels end the search for a row's first one.
    lit = np.ones((height, (width // _COLUMNS_A_WORD + 1) * _COLUMNS_A_WORD), dtype=np.bool_)
    np.greater(grey, _SURROUND_LEVEL, out=lit[:, :width])
    from_left, from_right = _places(width)
    first = lit.argmax(axis=1).astype(from_left.dtype)
    inside: NDArray[np.bool_] = from_left >= first[:, None]
    first = lit[:, width - 1 :: -1].argmax(axis=1).astype(from_left.dtype)
    inside &= from_right >= first[:, None]
    inside &= _below_and_above(lit)[:, :width]
    if np.count_nonzero(inside) < _SMALLEST_VIEW * inside.size:
        inside.fill(True)
    return inside


@lru_cache(maxsize=32)
def _places(width: int) -> tuple[NDArray[np.integer], NDArray[np.integer]]:
    """The places of the pixels of a row, from the left and from the right; in small numbers, which compare quickly."""
    kind = np.int16 if width < _TOO_WIDE_FOR_INT16 else np.int32
    return np.arange(width, dtype=kind), np.arange(width - 1, -1, -1, dtype=kind)


def _below_and_above(lit: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether a lit pixel is at or above and one at or below, in the same column; whole words of columns at once."""
    words = lit.view(np.uint64)
    between = np.bitwise_or.accumulate(words, axis=0)
    between &= np.bitwise_or.accumulate(words[::-1], axis=0)[::-1]
    return between.view(np.bool_)


def _sharpness(grey: NDArray[np.uint8], inside: NDArray[np.bool_]) -> float:
    """Over the measured rows' pixels that lie well inside the field of view, away from the edge of the surround.

    The rows are laid end to end, so that a pixel's neighbours are those one place and one row's width away. What that
    mixes up at the ends of the rows is in the margin, which does not count. The sums are exact below 2**24, which is
    far above what a reduced picture comes to.
    """
    count, width = inside.shape[0] - 2, inside.shape[1]
    if count < 1 or width <= 2 * _MARGIN_PX:
        return 0.0
    core = _well_inside(inside)
    pixels = int(np.count_nonzero(core))
    above, centre, below = (
        grey[first : first + _ROW_STEP * count : _ROW_STEP].astype(np.int16).ravel()
        for first in range(_ROW_STEP, 2 * _ROW_STEP)
    )
    left, right = centre[:-2], centre[2:]
    coarse = np.abs(below - above)
    middle = coarse[1:-1]
    middle += np.abs(right - left)
    fine = centre << 2
    fine -= above
    fine -= below
    middle = fine[1:-1]
    middle -= left
    middle -= right
    counted = core.astype(np.float32)
    fine_sum = float(np.abs(fine, out=fine).astype(np.float32) @ counted)
    coarse_sum = float(coarse.astype(np.float32) @ counted)
    return fine_sum / (coarse_sum + pixels) if pixels else 0.0


def _well_inside(inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The pixels of all rows but the outer ones, end to end, that are inside with what is around them."""
    width = inside.shape[1]
    flat = inside.ravel()
    core = flat[: -2 * width] & flat[2 * width :]
    beside, reached = flat[width:-width], core[_MARGIN_PX:-_MARGIN_PX]
    reached &= beside[: -2 * _MARGIN_PX]
    reached &= beside[2 * _MARGIN_PX :]
    by_row = core.reshape(-1, width)
    by_row[:, :_MARGIN_PX] = False
    by_row[:, -_MARGIN_PX:] = False
    return core
