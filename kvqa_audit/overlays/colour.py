"""One picture comes in; what share of its field of view has each of a few hues that can be told apart goes out.

Endoscopes colour-cast: what people call blue or green there is often grey by its numbers, a patch far less red than
the tissue around it. So the limits are low, and only the absence of a hue is worth a word: a picture without a single
patch that comes near it. Pink, red, flesh, orange and brown run into each other, black and white are in every picture
as shadow and glare, and purple patches measure like red ones; nothing is said of these.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from kvqa_audit.overlays.sighting import Region

Hue = Literal["blue", "green", "yellow"]
HUES: tuple[Hue, ...] = get_args(Hue)
ABSENT_BELOW_SHARE = 0.003
_BLOCK_PX = 4
_LIT_AT_LEAST = 35
_GLARE_ABOVE = 235
_BLUE_OVER_RED = -0.35
_GREEN_OVER_RED = -0.2
_YELLOW_OVER_TISSUE = 0.4
_MARGIN = 0.01


def hues_of(rgb: NDArray[np.uint8], covered: Iterable[Region] = ()) -> dict[str, float]:
    """The share of lit, glare-free blocks of 4 x 4 pixels that come near each hue; empty where nothing is lit.

    Args:
        rgb: (height, width, 3), about 260 pixels high.
        covered: what was drawn over the picture, and does not count.
    """
    rows, columns = rgb.shape[0] // _BLOCK_PX, rgb.shape[1] // _BLOCK_PX
    if not rows or not columns:
        return {}
    whole = np.ascontiguousarray(rgb[: rows * _BLOCK_PX, : columns * _BLOCK_PX])
    brightest = np.maximum(np.maximum(whole[..., 0], whole[..., 1]), whole[..., 2])
    counted = (_of_blocks(brightest, np.minimum) >= _LIT_AT_LEAST) & (_of_blocks(brightest, np.maximum) <= _GLARE_ABOVE)
    for region in covered:
        counted[_blocks(region.y, region.height, rows), _blocks(region.x, region.width, columns)] = False
    if not counted.any():
        return {}
    means = np.asarray(Image.fromarray(whole).reduce(_BLOCK_PX), dtype=np.float32)
    red, green, blue = means[counted].T + 1.0
    blue_over_red, green_over_red = np.log(blue / red), np.log(green / red)
    return {
        "blue": _share(blue_over_red >= _BLUE_OVER_RED),
        "green": _share(green_over_red >= _GREEN_OVER_RED),
        "yellow": _share(green_over_red - blue_over_red >= _YELLOW_OVER_TISSUE),
    }


def _of_blocks(values: NDArray[np.uint8], pick: np.ufunc) -> NDArray[np.uint8]:
    """The least or greatest value of every block; (height, width) become (rows, columns) of blocks."""
    for _ in range(2):
        parts = [values[start::_BLOCK_PX] for start in range(_BLOCK_PX)]
        values = pick(pick(parts[0], parts[1]), pick(parts[2], parts[3])).T
    return values


def _blocks(start: float, length: float, count: int) -> slice:
    return slice(max(0, int((start - _MARGIN) * count)), int(np.ceil((start + length + _MARGIN) * count)))


def _share(mask: NDArray[np.bool_]) -> float:
    return round(float(mask.mean()), 5)
