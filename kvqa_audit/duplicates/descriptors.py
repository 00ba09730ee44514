"""Contrast fields come in; short descriptors of unit length, of what each view shows of them, go out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from kvqa_audit.duplicates.blocks import in_blocks
from kvqa_audit.duplicates.fields import Fields, Float
from kvqa_audit.duplicates.views import views

DESCRIPTOR_SIDE = 12
DESCRIPTOR_SIZE = DESCRIPTOR_SIDE**2
_FIELD_SIDE = 32
_PICTURES_PER_BLOCK = 32
_KERNEL_CELLS = 0.5
_MIN_KERNEL_WEIGHT = 1e-7

Indices = NDArray[np.int64]


def plain_descriptors(fields: Fields, chosen: Indices) -> Float:
    """Descriptors of the chosen pictures as they are, (k, 144)."""
    found = np.empty((len(chosen), DESCRIPTOR_SIZE), np.float32)
    along = _samples(1.0, 0.0)

    def describe(block: slice) -> None:
        seen = along @ (fields.half_contrast(chosen[block]) @ along.T)
        found[block] = seen.reshape(len(seen), -1)
        _to_unit_length(found[block])

    in_blocks(describe, len(chosen), _PICTURES_PER_BLOCK)
    return found


def view_descriptors(fields: Fields, chosen: Indices) -> Float:
    """Descriptors of the chosen pictures under every view, (views, k, 144)."""
    plan = _plan()
    side = DESCRIPTOR_SIDE
    found = np.empty((len(views()), len(chosen), side, side), np.float32)

    def describe(block: slice) -> None:
        narrow = fields.half_contrast(chosen[block]) @ plan.along.reshape(-1, _FIELD_SIDE).T
        for kernel, upright in zip(plan.along, plan.upright, strict=True):
            seen = kernel @ narrow
            for view, across, turned in upright:
                part = seen[:, :, across * side : (across + 1) * side]
                found[view, block] = part.transpose(0, 2, 1) if turned else part

    in_blocks(describe, len(chosen), _PICTURES_PER_BLOCK)
    flat = fields.half_contrast(chosen).reshape(len(chosen), -1)
    for view, kernel in plan.oblique:
        found[view] = (flat @ kernel.T).reshape(-1, side, side)
    described = found.reshape(len(found), len(chosen), -1)
    in_blocks(lambda block: _to_unit_length(described[:, block]), len(chosen), _PICTURES_PER_BLOCK)
    return described


def _to_unit_length(described: Float) -> None:
    described -= described.mean(axis=-1, keepdims=True)
    length = np.sqrt(np.einsum("...d,...d->...", described, described))
    described /= length[..., None] + np.float32(1e-6)


@dataclass(frozen=True)
class _Plan:
    """How to sample all views of a field with few products.

    `along` holds the distinct samplings along an axis, (m, 12, 32). `upright` lists, for each of them taken down the
    columns, the views it serves: (view, the sampling along the rows, whether the outcome is turned). `oblique` holds
    the views that do not keep the axes, each with its kernel, (144, 1024).
    """

    along: Float
    upright: list[list[tuple[int, int, bool]]]
    oblique: list[tuple[int, Float]]


@cache
def _plan() -> _Plan:
    number: dict[tuple[float, float], int] = {}
    upright: list[tuple[int, int, int, bool]] = []
    oblique = []
    for index, view in enumerate(views()):
        affine = view.affine
        turned = affine[0, 0] == 0 and affine[1, 1] == 0
        if not turned and (affine[0, 1] != 0 or affine[1, 0] != 0):
            oblique.append((index, _kernel_in_plane(affine)))
            continue
        across = (float(affine[0, 1] if turned else affine[0, 0]), float(affine[0, 2]))
        down = (float(affine[1, 0] if turned else affine[1, 1]), float(affine[1, 2]))
        numbers = [number.setdefault(key, len(number)) for key in (down, across)]
        upright.append((numbers[0], index, numbers[1], bool(turned)))
    served = [[entry[1:] for entry in upright if entry[0] == down] for down in range(len(number))]
    return _Plan(np.stack([_samples(*key) for key in number]), served, oblique)


@cache
def _samples(scale: float, offset: float) -> Float:
    """Gaussian samples along one axis, (12, 32), at scale * t + offset for t in the unit interval."""
    centres = scale * (np.arange(DESCRIPTOR_SIDE) + 0.5) / DESCRIPTOR_SIDE + offset
    kernel = _bells(centres)
    # Denormal weights would make every product with them many times slower.
    kernel[kernel < _MIN_KERNEL_WEIGHT] = 0
    normalised: Float = (kernel / kernel.sum(axis=1, keepdims=True)).astype(np.float32)
    return normalised


def _kernel_in_plane(affine: NDArray[np.float64]) -> Float:
    """Gaussian samples in the plane, (144, 1024), for a map that does not keep the axes."""
    steps = (np.arange(DESCRIPTOR_SIDE) + 0.5) / DESCRIPTOR_SIDE
    y, x = (part.reshape(-1) for part in np.meshgrid(steps, steps, indexing="ij"))
    across, down = affine @ np.stack((x, y, np.ones_like(x)))
    kernel = _bells(down)[:, :, None] * _bells(across)[:, None, :]
    kernel[kernel < _MIN_KERNEL_WEIGHT] = 0
    kernel /= kernel.sum(axis=(1, 2), keepdims=True) + 1e-6
    flat: Float = kernel.reshape(len(kernel), -1).astype(np.float32)
    return flat


def _bells(centres: NDArray[np.float64]) -> NDArray[np.float64]:
    """Gaussians about k centres in the unit interval, not normalised, (k, 32)."""
    sharpness = DESCRIPTOR_SIDE / (_FIELD_SIDE * _KERNEL_CELLS)
    away_px = np.arange(_FIELD_SIDE)[None] - (centres[:, None] * _FIELD_SIDE - 0.5)
    found: NDArray[np.float64] = np.exp(-0.5 * (away_px * sharpness) ** 2)
    return found
