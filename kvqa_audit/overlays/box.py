"""One picture comes in; how sure it is that a green inset or a black rectangle hides a lower corner, and where, go out.

A position display is a green rectangle; where it was blotted out, a black one is left. Endoscopic pictures are black
outside their octagonal or round field of view as well, so blackness alone says nothing. What the frame never has is a
corner that points into the picture: a level edge and an upright edge that meet at a right angle, lit above the one
and beside the other, black inside.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kvqa_audit.overlays.detection import Detection, Region, ramp, region_of
from kvqa_audit.overlays.planes import PicturePlanes, Planes

_BLACK_AT_MOST = 20
_STEP_AT_LEAST = 10
_NEAR_SHARES = (0.6, 1.0)
_FILLED_SHARE = 0.9
_NOTCH_WEIGHT = 0.75
_GREEN_OVER_RED = 40
_GREEN_AREA_SHARE = (0.004, 0.02)


@dataclass(frozen=True, slots=True)
class _Search:
    """Where a corner is looked for, in shares of the picture, and how finely.

    `arm` is how much of either edge, next to the corner, has to be there, in shares of the shorter side; an edge may
    be as soft as twice height / `rows_a_reach` pixels. Corners left of `left` are passed over.
    """

    top: float
    left: float
    right: float
    arm: float
    rows_a_reach: float


@dataclass(frozen=True, slots=True)
class _Edges:
    """Where the lower left of a picture is black, and where black begins below light or to the left of it."""

    black: NDArray[np.bool_]
    level: NDArray[np.bool_]
    upright: NDArray[np.bool_]


_BOX = _Search(top=0.3, left=0.04, right=0.66, arm=0.045, rows_a_reach=260)
_NOTCH = _Search(top=0.5, left=0.01, right=0.4, arm=0.019, rows_a_reach=530)


def find_box(picture: PicturePlanes) -> Detection:
    """Looks for a box in the two lower corners.

    Args:
        picture: 400 to 800 pixels high. Boxes are looked for at half that size; where there is none, at full size for
            the notch that a box leaves which the frame's own corner covers almost wholly. A notch is a hint only, for
            nobody would miss the picture behind it.
    """
    if min(picture.whole.shape) < 128:
        return _green_inset(picture.whole) if picture.rgb.size else Detection(0.0)
    half, whole = picture.half, picture.whole
    seen = max(_green_inset(half), _in_either_corner(half.brightest, half.shape, _BOX), key=_confidence)
    if seen.is_seen:
        return seen
    below = whole.part(slice(int(_NOTCH.top * whole.shape[0]), None), slice(None))
    notch = _in_either_corner(below.brightest, whole.shape, _NOTCH)
    return max(seen, replace(notch, confidence=round(_NOTCH_WEIGHT * notch.confidence, 4)), key=_confidence)


def _confidence(one: Detection) -> float:
    return one.confidence


def _in_either_corner(brightest: NDArray[np.uint8], shape: tuple[int, int], search: _Search) -> Detection:
    """The better of the two corners of a picture of such a shape, whose lower rows at least are given."""
    height, width = shape
    lower, wide = brightest[int(search.top * height) - height :], int(search.right * width)
    at_left, at_right = np.ascontiguousarray(lower[:, :wide]), np.ascontiguousarray(lower[:, : -wide - 1 : -1])
    left, right = (_black_corner(corner, shape, search) for corner in (at_left, at_right))
    regions = tuple(Region(round(1.0 - one.x - one.width, 4), one.y, one.width, one.height) for one in right.regions)
    return max(left, replace(right, regions=regions), key=_confidence)


def _black_corner(values: NDArray[np.uint8], shape: tuple[int, int], search: _Search) -> Detection:
    """The best corner of a black rectangle among the brightest-channel pixels at the lower left of such a picture."""
    black = values <= _BLACK_AT_MOST
    lit = values + np.uint8(_STEP_AT_LEAST)  # overflows where it is not black, if at all
    reach, arm = max(1, round(shape[0] / search.rows_a_reach)), max(6, round(search.arm * min(shape)))
    level = _turns(values, lit, black, reach, level=True)
    rows = _crowded(level, 1, _NEAR_SHARES[0] * arm)
    rows = rows[rows < min(0.955 * values.shape[0], values.shape[0] - arm)]
    if not rows.size:
        return Detection(0.0)
    below = slice(int(rows[0]), None)
    values, lit, black, level, rows = values[below], lit[below], black[below], level[below], rows - rows[0]
    upright = _turns(values, lit, black, reach, level=False)
    columns = _crowded(upright, 0, _NEAR_SHARES[0] * arm)
    columns = columns[(columns > search.left * values.shape[1]) & (columns >= arm)]
    if not columns.size:
        return Detection(0.0)
    return _best_corner(_Edges(black, level, upright), rows, columns, arm, shape)


def _best_corner(
    edges: _Edges, rows: NDArray[np.intp], columns: NDArray[np.intp], arm: int, shape: tuple[int, int]
) -> Detection:
    """The best of the corners at which one of the rows and one of the columns meet, with `arm` pixels of either."""
    (high, _), (height, width) = edges.black.shape, shape
    lefts, downs = _running(edges.level[rows], 1), _running(edges.upright[::-1, columns], 0)[::-1]
    near = np.minimum(lefts[:, columns] - lefts[:, columns - arm], downs[rows] - downs[rows + arm])
    i, j = np.nonzero(near >= _NEAR_SHARES[0] * arm)
    if not i.size:
        return Detection(0.0)
    area = _running(_running(edges.black, 1)[::-1, columns], 0)[::-1][rows]
    filled = area[i, j] / ((high - rows[i]) * (columns[j] + 1))
    extent = np.minimum(lefts[i, columns[j]] / width, downs[rows[i], j] / height)
    score = (near[i, j] / arm) ** 2 * (0.05 + extent) * (filled >= _FILLED_SHARE)
    best = int(np.argmax(score))
    if score[best] == 0.0:
        return Detection(0.0)
    sharpness = ramp(float(near[i[best], j[best]]) / arm, *_NEAR_SHARES)
    confidence = sharpness * (0.55 + 0.45 * ramp(float(extent[best]), 0.02, 0.1))
    top, right = height - high + int(rows[i[best]]), int(columns[j[best]]) + 1
    return Detection(round(confidence, 4), (region_of(0, top, right, height, shape),))


def _turns(
    values: NDArray[np.uint8], lit: NDArray[np.uint8], black: NDArray[np.bool_], reach: int, *, level: bool
) -> NDArray[np.bool_]:
    """Where the picture turns from lit to black within `reach`: downwards (level edges) or leftwards.

    It is read as one long row; leftwards, what would reach from one row into the next does not count.
    """
    step = reach * values.shape[1] if level else reach
    first, last = slice(None, -2 * step), slice(2 * step, None)
    light, dark = (first, last) if level else (last, first)
    turns = np.zeros_like(black)
    middle = turns.ravel()[step:-step]
    np.greater_equal(values.ravel()[light], lit.ravel()[dark], out=middle)
    middle &= black.ravel()[dark]
    if not level:
        turns[:, :reach] = turns[:, -reach:] = False
    return turns


def _crowded(mask: NDArray[np.bool_], axis: int, at_least: float) -> NDArray[np.intp]:
    """The rows or columns with enough of the mask in them, which few have: the costly search is theirs alone."""
    return np.flatnonzero(np.add.reduce(mask.view(np.uint8), axis=axis, dtype=np.uint32) >= at_least)


def _running(mask: NDArray[np.bool_] | NDArray[np.int32], axis: int) -> NDArray[np.int32]:
    return np.cumsum(mask, axis=axis, dtype=np.int32)


def _green_inset(planes: Planes) -> Detection:
    """A green rectangle in the lower half: its rows and columns are green for most of their length."""
    height, width = planes.shape
    red, green, blue = planes.channels[:, height // 2 :]
    # The difference underflows where green is too dark.
    mask = (green >= _GREEN_OVER_RED) & (green - np.uint8(_GREEN_OVER_RED) >= red) & (green >= blue)
    count = np.count_nonzero(mask)
    if count / mask.size < _GREEN_AREA_SHARE[0]:
        return Detection(0.0)
    across, down = mask.sum(axis=1), mask.sum(axis=0)
    rows = np.flatnonzero(across >= 0.5 * across.max())
    columns = np.flatnonzero(down >= 0.5 * down.max())
    top, bottom, left, right = int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1
    filled = float(mask[top:bottom, left:right].mean())
    concentrated = float(mask[top:bottom, left:right].sum() / count)
    area = (bottom - top) * (right - left) / (height * width)
    confidence = ramp(filled, 0.5, 0.8) * ramp(concentrated, 0.5, 0.9) * ramp(area, *_GREEN_AREA_SHARE)
    region = region_of(left, height // 2 + top, right, height // 2 + bottom, planes.shape)
    return Detection(round(confidence, 4), (region,))
