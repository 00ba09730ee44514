"""Contrast fields come in; pairs of pictures that may show the same go out, each with the view that fits best."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kvqa_audit.duplicates.fields import Fields, Float
from kvqa_audit.duplicates.views import Affine, views

DESCRIPTOR_SIDE = 16
MIN_NOMINATION_SCORE = 0.5
MAX_NOMINATIONS_PER_IMAGE = 8
_ROWS_PER_BLOCK = 512
_KERNEL_CELLS = 0.6

Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Nominations:
    """Pairs to verify: the picture seen under a view, the picture it resembles, the view's index, and how much."""

    viewed: Indices
    plain: Indices
    view: Indices
    score: Float


def nominate(fields: Fields) -> Nominations:
    """The best partners of every usable picture, under all views, by the correlation of 16 x 16 descriptors.

    All pairs are compared, with matrix products: (views x n x n x 256) multiplications.
    """
    usable = np.flatnonzero(fields.usable)
    seen = [_unit(_described(fields.contrast[usable], view.affine)) for view in views()]
    count = len(usable)
    kept: list[tuple[Indices, Indices, Indices, Float]] = []
    for start in range(0, count, _ROWS_PER_BLOCK):
        rows = slice(start, start + _ROWS_PER_BLOCK)
        best, which = _best_view([descriptors[rows] for descriptors in seen], seen[0])
        own = np.arange(len(best))
        best[own, own + start] = -1
        partners = min(MAX_NOMINATIONS_PER_IMAGE, count - 1)
        if partners < 1:
            continue
        # Either side of the pair may be the one seen under a view, so the best are taken per row and per column.
        columns = np.argpartition(-best, partners - 1, axis=1)[:, :partners]
        kept.append(_above(best, which, own[:, None], columns, start))
    return _without_repeats(kept, usable)


def _best_view(viewed: list[Float], plain: Float) -> tuple[Float, NDArray[np.uint8]]:
    best = viewed[0] @ plain.T
    which = np.zeros(best.shape, np.uint8)
    for number, descriptors in enumerate(viewed[1:], 1):
        score = descriptors @ plain.T
        better = score > best
        np.copyto(best, score, where=better)
        which[better] = number
    return best, which


def _above(
    best: Float, which: NDArray[np.uint8], rows: Indices, columns: Indices, start: int
) -> tuple[Indices, Indices, Indices, Float]:
    score = best[rows, columns]
    row, slot = np.nonzero(score >= MIN_NOMINATION_SCORE)
    column = columns[row, slot]
    return row + start, column, which[row, column].astype(np.int64), score[row, slot]


def _without_repeats(kept: list[tuple[Indices, Indices, Indices, Float]], usable: Indices) -> Nominations:
    """A pair that was nominated from both sides is verified once, under the better view."""
    if not kept:
        empty = np.empty(0, np.int64)
        return Nominations(empty, empty, empty, np.empty(0, np.float32))
    viewed, plain, view, score = (np.concatenate(part) for part in zip(*kept, strict=True))
    low, high = np.minimum(viewed, plain), np.maximum(viewed, plain)
    order = np.lexsort((viewed, -score, high, low))
    low, high = low[order], high[order]
    first = np.ones(len(order), bool)
    first[1:] = (low[1:] != low[:-1]) | (high[1:] != high[:-1])
    chosen = order[first]
    return Nominations(usable[viewed[chosen]], usable[plain[chosen]], view[chosen], score[chosen])


def _described(contrast: Float, affine: Affine) -> Float:
    """Descriptors, (n, 256), of what a view shows of the fields, (n, 64, 64)."""
    side = contrast.shape[-1]
    if affine[0, 1] == 0 and affine[1, 0] == 0:
        across = _samples(affine[0, 0], affine[0, 2], side)
        down = _samples(affine[1, 1], affine[1, 2], side)
        seen: Float = down @ contrast @ across.T
        return seen.reshape(len(contrast), -1)
    if affine[0, 0] == 0 and affine[1, 1] == 0:
        across = _samples(affine[0, 1], affine[0, 2], side)
        down = _samples(affine[1, 0], affine[1, 2], side)
        seen = down @ contrast @ across.T
        return seen.transpose(0, 2, 1).reshape(len(contrast), -1)
    seen = contrast.reshape(len(contrast), -1) @ _kernels(affine, side).T
    return seen


def _samples(scale: float, offset: float, side: int) -> Float:
    """Gaussian samples along one axis, (16, side), at scale * t + offset for t in the unit interval."""
    centres = (scale * (np.arange(DESCRIPTOR_SIDE) + 0.5) / DESCRIPTOR_SIDE + offset) * side - 0.5
    kernel = np.exp(-0.5 * ((np.arange(side)[None] - centres[:, None]) * _sharpness(side)) ** 2)
    normalised: Float = (kernel / kernel.sum(axis=1, keepdims=True)).astype(np.float32)
    return normalised


def _kernels(affine: Affine, side: int) -> Float:
    """Gaussian samples in the plane, (256, side * side), for a map that does not keep the axes."""
    steps = (np.arange(DESCRIPTOR_SIDE) + 0.5) / DESCRIPTOR_SIDE
    y, x = (part.reshape(-1) for part in np.meshgrid(steps, steps, indexing="ij"))
    centres = (affine @ np.stack((x, y, np.ones_like(x)))) * side - 0.5
    pixels = np.arange(side)
    across = np.exp(-0.5 * ((pixels[None] - centres[0][:, None]) * _sharpness(side)) ** 2)
    down = np.exp(-0.5 * ((pixels[None] - centres[1][:, None]) * _sharpness(side)) ** 2)
    kernel = down[:, :, None] * across[:, None, :]
    kernel /= kernel.sum(axis=(1, 2), keepdims=True) + 1e-6
    flat: Float = kernel.reshape(len(kernel), -1).astype(np.float32)
    return flat


def _sharpness(side: int) -> float:
    return DESCRIPTOR_SIDE / (side * _KERNEL_CELLS)


def _unit(descriptors: Float) -> Float:
    centred = descriptors - descriptors.mean(axis=1, keepdims=True)
    unit: Float = centred / (np.linalg.norm(centred, axis=1, keepdims=True) + 1e-6)
    return unit
