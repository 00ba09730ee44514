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

from kvqa_audit.overlays.detection import Region
from kvqa_audit.overlays.planes import Planes

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
_EVEN_BYTES = 0x00FF00FF
_ALL_FOUR = 0x01010101


def hues_of(picture: Planes, covered: Iterable[Region] = ()) -> dict[str, float]:
    """The share of lit, glare-free blocks of 4 x 4 pixels that come near each hue; empty where nothing is lit.

    Args:
        picture: about 260 pixels high.
        covered: what was drawn over the picture, and does not count.
    """
    rows, columns = picture.shape[0] // _BLOCK_PX, picture.shape[1] // _BLOCK_PX
    if not rows or not columns:
        return {}
    counted = _lit_blocks(picture.brightest[: rows * _BLOCK_PX, : columns * _BLOCK_PX])
    for region in covered:
        counted[_blocks(region.y, region.height, rows), _blocks(region.x, region.width, columns)] = False
    if not (count := int(np.count_nonzero(counted))):
        return {}
    means = _means(picture.channels[:, : rows * _BLOCK_PX, : columns * _BLOCK_PX])
    red, green, blue = np.add(means, 1, dtype=np.float32)
    blue_over_red, green_over_red = np.log(blue / red), np.log(green / red)
    near = {
        "blue": blue_over_red >= _BLUE_OVER_RED,
        "green": green_over_red >= _GREEN_OVER_RED,
        "yellow": green_over_red - blue_over_red >= _YELLOW_OVER_TISSUE,
    }
    return {hue: round(int(np.count_nonzero(mask & counted)) / count, 5) for hue, mask in near.items()}


def _lit_blocks(brightest: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Which blocks are lit and free of glare in all of their pixels: (rows, columns)."""
    # What is too dark underflows, and is then beyond the limit as well.
    lit = brightest - np.uint8(_LIT_AT_LEAST) <= _GLARE_ABOVE - _LIT_AT_LEAST
    lines = lit.view(np.uint32)
    whole: NDArray[np.bool_] = (lines[::4] & lines[1::4] & lines[2::4] & lines[3::4]) == _ALL_FOUR
    return whole


def _means(channels: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """The mean of every block in every channel, rounded: (3, rows, columns).

    The four pixels of a line are added as the halves of one number, two and two, and lines before halves.
    """
    fours = np.ascontiguousarray(channels).view(np.uint32)
    pairs = fours >> 8
    pairs &= _EVEN_BYTES
    pairs += fours & _EVEN_BYTES
    sums = pairs[:, ::4] + pairs[:, 1::4]
    sums += pairs[:, 2::4]
    sums += pairs[:, 3::4]
    pixels = _BLOCK_PX**2
    return ((sums & 0xFFFF) + (sums >> 16) + pixels // 2) // pixels


def _blocks(start: float, length: float, count: int) -> slice:
    return slice(max(0, int((start - _MARGIN) * count)), int(np.ceil((start + length + _MARGIN) * count)))
