"""The ways a copy may differ from its original in geometry come out: flips, turns, crops, padding, small rotations.

A view is an affine map in the unit square, (2, 3): a point of the view to the point of the picture seen there.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

Affine = NDArray[np.float64]


@dataclass(frozen=True)
class View:
    """A way of looking at a picture: its dihedral part by name, and the whole map, (2, 3)."""

    dihedral: str
    affine: Affine


def _map(xx: float, xy: float, yx: float, yy: float) -> Affine:
    """The map with this linear part that keeps the centre of the unit square."""
    linear = np.array([[xx, xy], [yx, yy]])
    return np.column_stack((linear, 0.5 - linear @ (0.5, 0.5)))


IDENTITY = "identity"
# Each map says where the view looks: rotate-90 is what undoes a quarter-turn to the left.
DIHEDRAL = {
    IDENTITY: _map(1, 0, 0, 1),
    "flip-horizontal": _map(-1, 0, 0, 1),
    "flip-vertical": _map(1, 0, 0, -1),
    "rotate-180": _map(-1, 0, 0, -1),
    "transpose": _map(0, 1, 1, 0),
    "rotate-90": _map(0, -1, 1, 0),
    "rotate-270": _map(0, 1, -1, 0),
    "transverse": _map(0, -1, -1, 0),
}
_CROP_CENTRES = {0.92: (0.5,), 0.84: (0.1, 0.5, 0.9), 0.76: (0.05, 0.5, 0.95)}
_LETTERBOX_SHARE = 0.83
_FLIPPED_SHARE = 0.88
_FLIPPED_CENTRES = ((0.5, 0.5), (0.1, 0.1), (0.1, 0.9), (0.9, 0.1), (0.9, 0.9))
_ANGLES_DEGREES = (-5.0, 5.0)
_FRAME_ASPECT = 1.25


@cache
def views() -> tuple[View, ...]:
    """All views a picture is looked for under; the first is the picture as it is."""
    found = [View(name, affine) for name, affine in DIHEDRAL.items()]
    for share, centres in _CROP_CENTRES.items():
        found += [View(IDENTITY, _window(share, share, x, y)) for x in centres for y in centres]
    found += [View(IDENTITY, _window(*size, 0.5, 0.5)) for size in ((1.0, _LETTERBOX_SHARE), (_LETTERBOX_SHARE, 1.0))]
    found += [View(IDENTITY, _rotation(angle)) for angle in _ANGLES_DEGREES]
    flip = "flip-horizontal"
    for x, y in _FLIPPED_CENTRES:
        found.append(View(flip, _after(_window(_FLIPPED_SHARE, _FLIPPED_SHARE, x, y), DIHEDRAL[flip])))
    return tuple(found)


def _window(width: float, height: float, x: float, y: float) -> Affine:
    return np.array([[width, 0, (1 - width) * x], [0, height, (1 - height) * y]])


def _after(outer: Affine, inner: Affine) -> Affine:
    """The map that takes a point through `inner`, then `outer`."""
    return np.column_stack((outer[:, :2] @ inner[:, :2], outer[:, :2] @ inner[:, 2] + outer[:, 2]))


def _rotation(degrees: float) -> Affine:
    angle = np.deg2rad(degrees)
    cos, sin = np.cos(angle), np.sin(angle)
    return _map(cos, -sin / _FRAME_ASPECT, sin * _FRAME_ASPECT, cos)
