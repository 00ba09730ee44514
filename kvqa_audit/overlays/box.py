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

from kvqa_audit.overlays.sighting import Region, Sighting, ramp, region_of

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


_BOX = _Search(top=0.3, left=0.04, right=0.66, arm=0.045, rows_a_reach=260)
_NOTCH = _Search(top=0.5, left=0.01, right=0.4, arm=0.019, rows_a_reach=530)


def find_box(rgb: NDArray[np.uint8]) -> Sighting:
    """Looks for a box in the two lower corners.

    Args:
        rgb: (height, width, 3), 400 to 800 pixels high. Boxes are looked for at half that size; where there is none,
            at full size for the notch that a box leaves which the frame's own corner covers almost wholly. A notch is
            a hint only, for nobody would miss the picture behind it.
    """
    if min(rgb.shape[:2]) < 128:
        return _green_inset(rgb) if rgb.size else Sighting(0.0)
    half = np.ascontiguousarray(rgb[::2, ::2])
    seen = max(_green_inset(half), _in_either_corner(_brightest(half), _BOX), key=_confidence)
    if seen.is_seen:
        return seen
    notch = _in_either_corner(_brightest(rgb), _NOTCH)
    return max(seen, replace(notch, confidence=round(_NOTCH_WEIGHT * notch.confidence, 4)), key=_confidence)


def _confidence(one: Sighting) -> float:
    return one.confidence


def _brightest(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.maximum(np.maximum(rgb[..., 0], rgb[..., 1]), rgb[..., 2])


def _in_either_corner(brightest: NDArray[np.uint8], search: _Search) -> Sighting:
    left, right = _black_corner(brightest, search), _black_corner(brightest[:, ::-1], search)
    regions = tuple(Region(round(1.0 - one.x - one.width, 4), one.y, one.width, one.height) for one in right.regions)
    return max(left, replace(right, regions=regions), key=_confidence)


def _black_corner(brightest: NDArray[np.uint8], search: _Search) -> Sighting:
    """The best corner of a black rectangle at the lower left of (height, width) brightest-channel pixels."""
    height, width = brightest.shape
    top_row = int(search.top * height)
    values = brightest[top_row:, : int(search.right * width)].astype(np.int16)
    black = values <= _BLACK_AT_MOST
    reach = max(1, round(height / search.rows_a_reach))
    level, upright = np.zeros(values.shape, bool), np.zeros(values.shape, bool)
    level[reach:-reach] = (values[: -2 * reach] - values[2 * reach :] >= _STEP_AT_LEAST) & black[2 * reach :]
    rising = values[:, 2 * reach :] - values[:, : -2 * reach] >= _STEP_AT_LEAST
    upright[:, reach:-reach] = rising & black[:, : -2 * reach]
    arm = max(6, round(search.arm * min(height, width)))
    lefts, downs = _running(level, 1), _running(upright[::-1], 0)[::-1]
    near = np.zeros(values.shape, np.int32)
    near[:-arm, arm:] = np.minimum(lefts[:-arm, arm:] - lefts[:-arm, :-arm], downs[:-arm, arm:] - downs[arm:, arm:])
    rows, columns = np.nonzero(near >= _NEAR_SHARES[0] * arm)
    keep = (rows < 0.955 * values.shape[0]) & (columns > search.left * values.shape[1])
    rows, columns = rows[keep], columns[keep]
    if not rows.size:
        return Sighting(0.0)
    area = _running(_running(black[::-1], 0)[::-1], 1)
    filled = area[rows, columns] / ((values.shape[0] - rows) * (columns + 1))
    extent = np.minimum(lefts[rows, columns] / width, downs[rows, columns] / height)
    score = (near[rows, columns] / arm) ** 2 * (0.05 + extent) * (filled >= _FILLED_SHARE)
    best = int(np.argmax(score))
    if score[best] == 0.0:
        return Sighting(0.0)
    row, column = int(rows[best]), int(columns[best])
    sharpness = ramp(float(near[row, column]) / arm, *_NEAR_SHARES)
    confidence = sharpness * (0.55 + 0.45 * ramp(float(extent[best]), 0.02, 0.1))
    return Sighting(round(confidence, 4), (region_of(0, top_row + row, column + 1, height, brightest.shape),))


def _running(mask: NDArray[np.bool_] | NDArray[np.int32], axis: int) -> NDArray[np.int32]:
    return np.cumsum(mask, axis=axis, dtype=np.int32)


def _green_inset(rgb: NDArray[np.uint8]) -> Sighting:
    """A green rectangle in the lower half: its rows and columns are green for most of their length."""
    height, width = rgb.shape[:2]
    lower = rgb[height // 2 :].astype(np.int16)
    red, green, blue = lower[..., 0], lower[..., 1], lower[..., 2]
    mask = (green - red >= _GREEN_OVER_RED) & (green >= blue)
    if mask.mean() < _GREEN_AREA_SHARE[0]:
        return Sighting(0.0)
    across, down = mask.sum(axis=1), mask.sum(axis=0)
    rows = np.flatnonzero(across >= 0.5 * across.max())
    columns = np.flatnonzero(down >= 0.5 * down.max())
    top, bottom, left, right = int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1
    filled = float(mask[top:bottom, left:right].mean())
    concentrated = float(mask[top:bottom, left:right].sum() / mask.sum())
    area = (bottom - top) * (right - left) / (height * width)
    confidence = ramp(filled, 0.5, 0.8) * ramp(concentrated, 0.5, 0.9) * ramp(area, *_GREEN_AREA_SHARE)
    region = region_of(left, height // 2 + top, right, height // 2 + bottom, rgb.shape)
    return Sighting(round(confidence, 4), (region,))
