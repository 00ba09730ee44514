"""One picture comes in; what share of its field of view has each of a few hues that can be told apart goes out.

Endoscopes colour-cast: what people call blue or green there is often grey by its numbers, a patch far less red than
the tissue around it. So the limits are low, and only the absence of a hue is worth a word: a picture without a single
patch that comes near it. Pink, red, flesh, orange and brown run into each other, black and white are in every picture
as shadow and glare, and purple patches measure like red ones; nothing is said of these.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, TypeVar, get_args

import numpy as np
from numpy.typing import NDArray

from kvqa_audit.overlays.planes import Planes
from kvqa_audit.overlays.sighting import Region

AnyInt = TypeVar("AnyInt", np.uint8, np.uint16)
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


def hues_of(picture: Planes, covered: Iterable[Region] = ()) -> dict[str, float]:
    """The share of lit, glare-free blocks of 4 x 4 pixels that come near each hue; empty where nothing is lit.

    Args:
        picture: about 260 pixels high.
        covered: what was drawn over the picture, and does not count.
    """
    rows, columns = picture.shape[0] // _BLOCK_PX, picture.shape[1] // _BLOCK_PX
    if not rows or not columns:
        return {}
    whole = picture.part(slice(rows * _BLOCK_PX), slice(columns * _BLOCK_PX))
    brightest = whole.brightest()
    counted = (_of_blocks(brightest, np.minimum) >= _LIT_AT_LEAST) & (_of_blocks(brightest, np.maximum) <= _GLARE_ABOVE)
    for region in covered:
        counted[_blocks(region.y, region.height, rows), _blocks(region.x, region.width, columns)] = False
    if not counted.any():
        return {}
    red, green, blue = _means(whole)[:, counted] + np.float32(1.0)
    blue_over_red, green_over_red = np.log(blue / red), np.log(green / red)
    return {
        "blue": _share(blue_over_red >= _BLUE_OVER_RED),
        "green": _share(green_over_red >= _GREEN_OVER_RED),
        "yellow": _share(green_over_red - blue_over_red >= _YELLOW_OVER_TISSUE),
    }


def _means(planes: Planes) -> NDArray[np.float32]:
    """The mean of every block in every channel, rounded: (3, rows, columns)."""
    pixels = _BLOCK_PX**2
    sums = _of_blocks(planes.channels.astype(np.uint16), np.add)
    return ((sums + pixels // 2) // pixels).astype(np.float32)


def _of_blocks(values: NDArray[AnyInt], pick: np.ufunc) -> NDArray[AnyInt]:
    """The least, greatest or summed value of every block; (…, height, width) become (…, rows, columns) of blocks."""
    lines = [values[..., start::_BLOCK_PX, :] for start in range(_BLOCK_PX)]
    flat = pick(pick(lines[0], lines[1]), pick(lines[2], lines[3]))
    parts = [flat[..., start::_BLOCK_PX] for start in range(_BLOCK_PX)]
    blocks: NDArray[AnyInt] = pick(pick(parts[0], parts[1]), pick(parts[2], parts[3]))
    return blocks


def _blocks(start: float, length: float, count: int) -> slice:
    return slice(max(0, int((start - _MARGIN) * count)), int(np.ceil((start + length + _MARGIN) * count)))


def _share(mask: NDArray[np.bool_]) -> float:
    return round(float(mask.mean()), 5)
