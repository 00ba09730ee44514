"""Contrast fields come in; pairs of pictures that may show the same go out, each with the view that fits best."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kvqa_audit.duplicates.fields import Fields, Float, halved
from kvqa_audit.duplicates.search import HASH_BITS, Hashes, distinct, pairs_within
from kvqa_audit.duplicates.views import Affine, views

DESCRIPTOR_SIDE = 12
MIN_NOMINATION_SCORE = 0.57
MAX_NOMINATIONS_PER_IMAGE = 8
HASH_RADIUS_BITS = 31
_ROWS_PER_BLOCK = 512
_KERNEL_CELLS = 0.5

Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Nominations:
    """Pairs to verify: the picture seen under a view, the picture it resembles, the view's index, and how much."""

    viewed: Indices
    plain: Indices
    view: Indices
    score: Float


def nominate(fields: Fields) -> Nominations:
    """The best partners of every usable picture, under all views, by the correlation of 12 x 12 descriptors.

    All pairs are compared, with matrix products: (views x n x n x 144) multiplications.
    """
    usable = np.flatnonzero(fields.usable)
    if len(usable) < 2:
        return _without_repeats([], usable)
    plain = np.concatenate([_descriptors(halves, views()[0].affine) for _, halves in _blocks(fields, usable)])
    partners = min(MAX_NOMINATIONS_PER_IMAGE, len(usable) - 1)
    kept: list[tuple[Indices, Indices, Indices, Float]] = []
    for rows, halves in _blocks(fields, usable):
        seen = [_descriptors(halves, view.affine) for view in views()]
        best = _best_score(seen, plain)
        best[rows - rows[0], rows] = -1
        columns = np.argpartition(-best, partners - 1, axis=1)[:, :partners]
        score = np.take_along_axis(best, columns, axis=1)
        row, slot = np.nonzero(score >= MIN_NOMINATION_SCORE)
        column = columns[row, slot]
        kept.append((rows[row], column, _best_view(seen, row, plain[column]), score[row, slot]))
    return _without_repeats(kept, usable)


def nominate_by_hash(hashes: Hashes, usable: NDArray[np.bool_]) -> Nominations:
    """Pairs of usable pictures whose 256-bit hashes, (n, 32), are at most 31 bits apart, seen as they are.

    For more pictures than all pairs of descriptors can be compared of; of pictures with equal hashes each is compared
    with the first, and the first stands for all of them.
    """
    chosen = np.flatnonzero(usable)
    collapsed = distinct(hashes[chosen])
    first = np.full(len(collapsed.hashes), len(chosen))
    np.minimum.at(first, collapsed.position, np.arange(len(chosen)))
    leader = first[collapsed.position]
    followers = np.flatnonzero(leader != np.arange(len(chosen)))
    near = pairs_within(collapsed.hashes, HASH_RADIUS_BITS)
    viewed = np.concatenate((first[near.left], leader[followers]))
    plain = np.concatenate((first[near.right], followers))
    distance_bits = np.concatenate((near.distance_bits, np.zeros(len(followers), np.int64)))
    score = (1 - distance_bits / HASH_BITS).astype(np.float32)
    return Nominations(chosen[viewed], chosen[plain], np.zeros(len(viewed), np.int64), score)


def _blocks(fields: Fields, usable: Indices) -> Iterator[tuple[Indices, Float]]:
    """Positions among the usable pictures, and their contrast fields at half the resolution."""
    for start in range(0, len(usable), _ROWS_PER_BLOCK):
        rows = np.arange(start, min(start + _ROWS_PER_BLOCK, len(usable)))
        yield rows, halved(fields.contrast(usable[rows]))


def _best_score(seen: list[Float], plain: Float) -> Float:
    """The best score of each row under any view with each plain picture, (rows, n)."""
    best = seen[0] @ plain.T
    score = np.empty_like(best)
    for descriptors in seen[1:]:
        np.matmul(descriptors, plain.T, out=score)
        np.maximum(best, score, out=best)
    return best


def _best_view(seen: list[Float], rows: Indices, plain: Float) -> Indices:
    """Under which view each row resembles its plain partner, (k, 144), most; the first where they are equal."""
    scores = np.stack([np.einsum("kd,kd->k", descriptors[rows], plain) for descriptors in seen])
    best: Indices = scores.argmax(axis=0)
    return best


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


def _descriptors(contrast: Float, affine: Affine) -> Float:
    """Descriptors of unit length, (n, 144), of what a view shows of the fields, (n, s, s)."""
    described = _described(contrast, affine)
    centred = described - described.mean(axis=1, keepdims=True)
    unit: Float = centred / (np.linalg.norm(centred, axis=1, keepdims=True) + np.float32(1e-6))
    return unit


def _described(contrast: Float, affine: Affine) -> Float:
    side = contrast.shape[-1]
    if affine[0, 1] == 0 and affine[1, 0] == 0:
        across = _samples(affine[0, 0], affine[0, 2], side)
        down = _samples(affine[1, 1], affine[1, 2], side)
        return _separable(contrast, down, across).reshape(len(contrast), -1)
    if affine[0, 0] == 0 and affine[1, 1] == 0:
        across = _samples(affine[0, 1], affine[0, 2], side)
        down = _samples(affine[1, 0], affine[1, 2], side)
        return _separable(contrast, down, across).transpose(0, 2, 1).reshape(len(contrast), -1)
    return contrast.reshape(len(contrast), -1) @ _kernels(affine, side).T


def _separable(contrast: Float, down: Float, across: Float) -> Float:
    count, side, _ = contrast.shape
    narrow = (contrast.reshape(-1, side) @ across.T).reshape(count, side, -1)
    seen: Float = down @ narrow
    return seen


def _samples(scale: float, offset: float, side: int) -> Float:
    """Gaussian samples along one axis, (12, side), at scale * t + offset for t in the unit interval."""
    centres = (scale * (np.arange(DESCRIPTOR_SIDE) + 0.5) / DESCRIPTOR_SIDE + offset) * side - 0.5
    kernel = np.exp(-0.5 * ((np.arange(side)[None] - centres[:, None]) * _sharpness(side)) ** 2)
    normalised: Float = (kernel / kernel.sum(axis=1, keepdims=True)).astype(np.float32)
    return normalised


def _kernels(affine: Affine, side: int) -> Float:
    """Gaussian samples in the plane, (144, side * side), for a map that does not keep the axes."""
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
