"""Contrast fields come in; short descriptors of unit length, of what each view shows of them, go out."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from kvqa_audit.duplicates.blocks import in_blocks
from kvqa_audit.duplicates.fields import Fields, Float
from kvqa_audit.duplicates.rows_on_disk import MakeRows, Rows
from kvqa_audit.duplicates.views import views

_SAMPLES_SIDE = 12
_FREQUENCIES = 9
_MAX_SQUARED_FREQUENCY = 80
_FIELD_SIDE = 32
_PICTURES_PER_BLOCK = 32
_KERNEL_CELLS = 0.5
_MIN_KERNEL_WEIGHT = 1e-7

Indices = NDArray[np.int64]

_DOWN, _ACROSS = np.divmod(np.arange(_FREQUENCIES**2), _FREQUENCIES)
_SQUARED_FREQUENCY = _DOWN**2 + _ACROSS**2
# Not the mean, which is light; and not the finest waves, which a crop or a small turn puts out of step first.
_KEPT = np.flatnonzero((_SQUARED_FREQUENCY > 0) & (_SQUARED_FREQUENCY <= _MAX_SQUARED_FREQUENCY))
DESCRIPTOR_SIZE = len(_KEPT)


def plain_descriptors(fields: Fields, chosen: Indices, make_rows: MakeRows = np.empty) -> Rows:
    """Descriptors of the chosen pictures as they are, (k, 70), kept in rows such as `make_rows` makes."""
    found = make_rows((len(chosen), DESCRIPTOR_SIZE), np.float32)
    along = _waves(1.0, 0.0)

    def describe(block: slice) -> None:
        seen = along @ (fields.half_contrast(chosen[block]) @ along.T)
        found[block] = _to_unit_length(seen.reshape(len(seen), -1)[:, _KEPT])

    in_blocks(describe, len(chosen), _PICTURES_PER_BLOCK)
    return found


def view_descriptors(fields: Fields, chosen: Indices) -> Float:
    """Descriptors of the chosen pictures, a few dozen, under every view, (k, views, 70)."""
    plan = _plan()
    contrast = fields.half_contrast(chosen)
    seen = [(along @ (contrast @ along.T)).reshape(len(chosen), -1) for along in plan.along]
    # Row by row, so that each product is a small one.
    seen.append((contrast.transpose(1, 0, 2) @ plan.in_plane).sum(axis=0))
    return _to_unit_length(np.concatenate(seen, axis=1)[:, plan.place] * plan.sign)


def _to_unit_length(described: Float) -> Float:
    length = np.sqrt(np.einsum("...d,...d->...", described, described))
    described /= length[..., None] + np.float32(1e-6)
    return described


@dataclass(frozen=True)
class _Plan:
    """How to weigh the waves of all views of a field with few products.

    `along` holds for each scale what weighs the waves along an axis, for all its offsets, (9 m, 32); `in_plane` the
    same for the views that do not keep the axes, (32, 32, 81 o). `place` and `sign` say, for each view, where its waves
    stand in the outcome, one scale after the other, and which are upside down as the view is mirrored, (views, 70).
    """

    along: list[Float]
    in_plane: Float
    place: Indices
    sign: Float


_Axis = tuple[float, float]


@dataclass(frozen=True)
class _Upright:
    """A view that keeps the axes: where it looks down and across, whether mirrored, and whether it is turned.

    An axis is (scale, offset): samples lie at scale * t + offset, for t from 0 to 1, or, mirrored, from 1 to 0.
    """

    down: _Axis
    across: _Axis
    mirrored: tuple[bool, bool]
    turned: bool

    @classmethod
    def of(cls, affine: NDArray[np.float64]) -> _Upright | None:
        (xx, xy, right), (yx, yy, below) = affine.tolist()
        turned = xx == 0 and yy == 0
        if not turned and (xy != 0 or yx != 0):
            return None
        down, across = ((yx, below), (xy, right)) if turned else ((yy, below), (xx, right))
        return cls(_as_is(*down), _as_is(*across), (down[0] < 0, across[0] < 0), turned)

    @property
    def scales(self) -> tuple[float, ...]:
        return tuple(sorted({self.down[0], self.across[0]}))

    def place(self, axes: list[_Axis]) -> Indices:
        """Where its waves stand among those of all pairs of axes, (70,)."""
        down, across = (_ACROSS, _DOWN) if self.turned else (_DOWN, _ACROSS)
        row = axes.index(self.down) * _FREQUENCIES + down
        column = axes.index(self.across) * _FREQUENCIES + across
        place: Indices = (row * (len(axes) * _FREQUENCIES) + column)[_KEPT]
        return place

    def sign(self) -> Indices:
        """Which waves are upside down as the view is mirrored, (70,)."""
        down, across = (_ACROSS, _DOWN) if self.turned else (_DOWN, _ACROSS)
        sign: Indices = ((-1) ** (down * self.mirrored[0] + across * self.mirrored[1]))[_KEPT]
        return sign


def _as_is(scale: float, offset: float) -> _Axis:
    return abs(scale), round(min(offset, offset + scale), 9)


@cache
def _plan() -> _Plan:
    upright = [_Upright.of(view.affine) for view in views()]
    axes: dict[tuple[float, ...], set[_Axis]] = defaultdict(set)
    for view in upright:
        if view is not None:
            axes[view.scales] |= {view.down, view.across}
    ordered = {scales: sorted(found) for scales, found in axes.items()}
    sizes = [(len(found) * _FREQUENCIES) ** 2 for found in ordered.values()]
    start = dict(zip(ordered, np.cumsum([0, *sizes]), strict=False))
    place, sign = np.empty((len(upright), DESCRIPTOR_SIZE), np.int64), np.ones((len(upright), DESCRIPTOR_SIZE))
    in_plane: list[Float] = []
    for index, view in enumerate(upright):
        if view is None:
            place[index] = sum(sizes) + len(in_plane) * _FREQUENCIES**2 + _KEPT
            in_plane.append(_waves_in_plane(views()[index].affine))
        else:
            place[index] = start[view.scales] + view.place(ordered[view.scales])
            sign[index] = view.sign()
    along = [np.concatenate([_waves(*axis) for axis in found]) for found in ordered.values()]
    waves = np.concatenate(in_plane).T.reshape(_FIELD_SIDE, _FIELD_SIDE, -1)
    return _Plan(along, waves, place, sign.astype(np.float32))


@cache
def _waves(scale: float, offset: float) -> Float:
    """What weighs a row of 32 pixels to cosine waves, (9, 32), of its samples at scale * t + offset, t from 0 to 1."""
    kernel = _bells(scale * _steps() + offset)
    waves: Float = (_cosines() @ (kernel / kernel.sum(axis=1, keepdims=True))).astype(np.float32)
    return waves


def _waves_in_plane(affine: NDArray[np.float64]) -> Float:
    """The same in the plane, (81, 1024), for a map that does not keep the axes."""
    y, x = (part.reshape(-1) for part in np.meshgrid(_steps(), _steps(), indexing="ij"))
    across, down = affine @ np.stack((x, y, np.ones_like(x)))
    down, across = _bells(down), _bells(across)
    down /= (down.sum(axis=1) * across.sum(axis=1) + 1e-6)[:, None]
    kernel = down[:, :, None].astype(np.float32) * across[:, None].astype(np.float32)
    cosines = _cosines().astype(np.float32)
    across_waves = cosines @ kernel.reshape(_SAMPLES_SIDE, _SAMPLES_SIDE, -1)
    waves: Float = (cosines @ across_waves.transpose(1, 0, 2)).transpose(1, 0, 2).reshape(_FREQUENCIES**2, -1)
    return waves


def _steps() -> NDArray[np.float64]:
    """Where the 12 samples lie in the unit interval."""
    return (np.arange(_SAMPLES_SIDE) + 0.5) / _SAMPLES_SIDE


def _cosines() -> NDArray[np.float64]:
    """The first waves of the orthonormal cosine transform of 12 samples, (9, 12)."""
    waves: NDArray[np.float64] = np.cos(np.pi * np.outer(np.arange(_FREQUENCIES), _steps()))
    waves *= np.sqrt(2 / _SAMPLES_SIDE)
    waves[0] /= np.sqrt(2)
    return waves


def _bells(centres: NDArray[np.float64]) -> NDArray[np.float64]:
    """Gaussians about k centres in the unit interval, not normalised, (k, 32)."""
    sharpness = _SAMPLES_SIDE / (_FIELD_SIDE * _KERNEL_CELLS)
    away_px = np.arange(_FIELD_SIDE)[None] - (centres[:, None] * _FIELD_SIDE - 0.5)
    found: NDArray[np.float64] = np.exp(-0.5 * (away_px * sharpness) ** 2)
    # Denormal weights would make every product with them many times slower.
    found[found < _MIN_KERNEL_WEIGHT] = 0
    return found
