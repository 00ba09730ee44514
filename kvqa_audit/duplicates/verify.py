"""Nominated pairs come in; for each the aligning map and how far the pixels agree go out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kvqa_audit.duplicates.align import aligned, grid, halved, sampled
from kvqa_audit.duplicates.fields import Fields, Float
from kvqa_audit.duplicates.nominate import Nominations
from kvqa_audit.duplicates.views import views

KEPT_SHARE = 0.75
_PAIRS_PER_BLOCK = 256
_POINTS_SIDE = 32
_BLOCKS_SIDE = 8
_INSIDE_WEIGHT = 0.5


@dataclass(frozen=True)
class Verified:
    """For each nominated pair: the map from the plain to the viewed picture, and the agreement of their pixels.

    `maps` is (p, 2, 3) in the unit square. `similarity` is the correlation of the contrast fields in the best 75 % of
    the blocks they share, `whole` in all of them, `overlap` the share of the plain picture that both show.
    """

    maps: NDArray[np.float64]
    similarity: NDArray[np.float64]
    whole: NDArray[np.float64]
    overlap: NDArray[np.float64]


def verify(fields: Fields, nominations: Nominations) -> Verified:
    """Aligns every nominated pair and compares the contrast fields block by block, inside both fields of view."""
    starts = np.stack([view.affine for view in views()])
    parts = []
    for start in range(0, len(nominations.view), _PAIRS_PER_BLOCK):
        block = slice(start, start + _PAIRS_PER_BLOCK)
        viewed, plain = nominations.viewed[block], nominations.plain[block]
        maps = aligned(fields.contrast[viewed], fields.contrast[plain], starts[nominations.view[block]])
        parts.append((maps, *_agreement(fields, viewed, plain, maps)))
    if not parts:
        nothing = np.empty(0)
        return Verified(np.empty((0, 2, 3)), nothing, nothing, nothing)
    return Verified(*(np.concatenate(part) for part in zip(*parts, strict=True)))


def _agreement(
    fields: Fields, viewed: NDArray[np.int64], plain: NDArray[np.int64], maps: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    points = grid(_POINTS_SIDE)
    seen, inside = sampled(fields.contrast[viewed], maps, points)
    seen_weight, _ = sampled(fields.weight[viewed], maps, points)
    wanted = halved(fields.contrast[plain]).reshape(len(plain), -1)
    weight = inside * seen_weight * halved(fields.weight[plain]).reshape(len(plain), -1)
    overlap = weight.mean(axis=1)
    product = _per_block(weight * seen * wanted)
    energy = _per_block(weight * (seen * seen + wanted * wanted) / 2)
    whole = product.sum(axis=1) / (energy.sum(axis=1) + 1e-6)
    order = np.argsort(-product / (energy + 1e-6), axis=1, kind="stable")
    product, energy = np.take_along_axis(product, order, axis=1), np.take_along_axis(energy, order, axis=1)
    kept = np.cumsum(energy, axis=1) <= KEPT_SHARE * energy.sum(axis=1, keepdims=True) + 1e-6
    similarity = (product * kept).sum(axis=1) / ((energy * kept).sum(axis=1) + 1e-6)
    return similarity, whole, overlap


def _per_block(values: Float) -> Float:
    size = _POINTS_SIDE // _BLOCKS_SIDE
    blocks = values.reshape(-1, _BLOCKS_SIDE, size, _BLOCKS_SIDE, size)
    summed: Float = blocks.sum(axis=(2, 4))
    return summed.reshape(len(values), -1)
