"""One picture comes in; how sure it is that a green inset or a black rectangle hides a lower corner, and where, go out.

A position display is a green rectangle; where it was blotted out, a black one is left. Endoscopic pictures are black
outside their octagonal or round field of view as well, so blackness alone says nothing. What the frame never has is a
corner that points into the picture: a level edge and an upright edge that meet at a right angle, lit above the one
and beside the other, black inside.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kvqa_audit.overlays.sighting import Region, Sighting, ramp, region_of

_BLACK_AT_MOST = 20
_STEP_AT_LEAST = 10
_ARM_SHARE = 0.045
_FILLED_SHARE = 0.9
_GREEN_OVER_RED = 40
_GREEN_AREA_SHARE = (0.004, 0.02)


def find_box(rgb: NDArray[np.uint8]) -> Sighting:
    """Looks for a box in the two lower corners.

    Args:
        rgb: (height, width, 3); about 260 to 400 pixels high is enough, more is slower and no better.
    """
    seen = [_green_inset(rgb)]
    brightest = np.maximum(np.maximum(rgb[..., 0], rgb[..., 1]), rgb[..., 2])
    width = brightest.shape[1]
    if min(brightest.shape) >= 64:
        seen.append(_black_corner(brightest))
        mirrored = _black_corner(brightest[:, ::-1])
        regions = tuple(Region(round(1.0 - r.x - r.width, 4), r.y, r.width, r.height) for r in mirrored.regions)
        seen.append(Sighting(mirrored.confidence, regions))
    if width == 0:
        return Sighting(0.0)
    return max(seen, key=lambda one: one.confidence)


def _black_corner(brightest: NDArray[np.uint8]) -> Sighting:
    """The best corner of a black rectangle at the lower left of (height, width) brightest-channel pixels."""
    height, width = brightest.shape
    top_row, last_column = int(0.3 * height), int(0.66 * width)
    values = brightest[top_row:, :last_column].astype(np.int16)
    black = values <= _BLACK_AT_MOST
    reach = max(1, round(height / 260))
    level = np.zeros(values.shape, bool)
    level[reach:-reach] = (values[: -2 * reach] - values[2 * reach :] >= _STEP_AT_LEAST) & black[2 * reach :]
    upright = np.zeros(values.shape, bool)
    upright[:, reach:-reach] = (values[:, 2 * reach :] - values[:, : -2 * reach] >= _STEP_AT_LEAST) & black[
        :, : -2 * reach
    ]
    arm = max(6, round(_ARM_SHARE * min(height, width)))
    lefts, downs = _running(level, 1), _running(upright[::-1], 0)[::-1]
    near = np.zeros(values.shape, np.int32)
    near[:-arm, arm:] = np.minimum(lefts[:-arm, arm:] - lefts[:-arm, :-arm], downs[:-arm, arm:] - downs[arm:, arm:])
    area = _running(_running(black[::-1], 0)[::-1], 1)
    rows, columns = np.nonzero(near >= 0.6 * arm)
    rows, columns = _inside(rows, columns, values.shape)
    if not rows.size:
        return Sighting(0.0)
    filled = area[rows, columns] / ((values.shape[0] - rows) * (columns + 1))
    extent = np.minimum(lefts[rows, columns] / width, downs[rows, columns] / height)
    score = (near[rows, columns] / arm) ** 2 * (0.05 + extent) * (filled >= _FILLED_SHARE)
    best = int(np.argmax(score))
    if score[best] == 0.0:
        return Sighting(0.0)
    row, column = int(rows[best]), int(columns[best])
    sharpness = ramp(float(near[row, column]) / arm, 0.6, 1.0)
    size = ramp(float(extent[best]), 0.02, 0.1)
    confidence = sharpness * (0.55 + 0.45 * size)
    region = region_of(0, top_row + row, column + 1, height, brightest.shape)
    return Sighting(round(confidence, 4), (region,))


def _running(mask: NDArray[np.bool_] | NDArray[np.int32], axis: int) -> NDArray[np.int32]:
    return np.cumsum(mask, axis=axis, dtype=np.int32)


def _inside(
    rows: NDArray[np.intp], columns: NDArray[np.intp], shape: tuple[int, ...]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Drops corners so low or so far left that the border's own blackness would do."""
    keep = (rows < 0.955 * shape[0]) & (columns > 0.04 * shape[1])
    return rows[keep], columns[keep]


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
