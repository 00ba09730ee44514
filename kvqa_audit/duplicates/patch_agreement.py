"""Pairs of contrast fields come in; how far they agree, over all of them and over their best parts, goes out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from kvqa_audit.duplicates.fields import Float

KEPT_SHARE = 0.75
_BLOCKS_SIDE = 8


@dataclass(frozen=True)
class BlockSums:
    """Product and mean energy of two fields, summed over each of 8 x 8 blocks; both (p, 64)."""

    product: Float
    energy: Float

    def whole(self) -> Float:
        """Agreement of all both show, (p,): 1 for equal fields, 0 for unrelated ones."""
        agreement: Float = self.product.sum(axis=1) / (self.energy.sum(axis=1) + 1e-6)
        return agreement

    def inner(self) -> Float:
        """Agreement of all both show but in the outermost blocks, (p,): a part's rim is mixed with what was around."""
        around = np.ones((_BLOCKS_SIDE, _BLOCKS_SIDE), np.bool_)
        around[1:-1, 1:-1] = False
        kept = ~around.reshape(-1)
        agreement: Float = self.product[:, kept].sum(axis=1) / (self.energy[:, kept].sum(axis=1) + 1e-6)
        return agreement

    def best(self) -> Float:
        """Agreement in the best 75 % of what both show, (p,), so that an added box or text does not count."""
        order = np.argsort(-self.product / (self.energy + 1e-6), axis=1)
        product = np.take_along_axis(self.product, order, axis=1)
        energy = np.take_along_axis(self.energy, order, axis=1)
        kept = np.cumsum(energy, axis=1) <= KEPT_SHARE * energy.sum(axis=1, keepdims=True) + 1e-6
        agreement: Float = (product * kept).sum(axis=1) / ((energy * kept).sum(axis=1) + 1e-6)
        return agreement


def block_sums(first: Float, second: Float, weight: Float | NDArray[np.bool_]) -> BlockSums:
    """The sums for fields, (p, s, s) each, of which each pixel counts by its weight, (p, s, s)."""
    product = first * second
    product *= weight
    energy = first * first
    energy += second * second
    energy *= weight
    summed = _per_block(energy)
    summed /= 2
    return BlockSums(_per_block(product), summed)


def _per_block(values: Float) -> Float:
    count, side, _ = values.shape
    rows = values.reshape(count, _BLOCKS_SIDE, side // _BLOCKS_SIDE, side)
    while rows.shape[2] > 1:
        half = rows.shape[2] // 2
        rows = rows[:, :, :half] + rows[:, :, half:]
    summed: Float = rows.reshape(-1, side) @ _block_columns(side)
    return summed.reshape(count, _BLOCKS_SIDE**2)


@cache
def _block_columns(side: int) -> Float:
    """Sums a row of pixels over each of 8 blocks, (side, 8)."""
    columns: Float = np.kron(np.eye(_BLOCKS_SIDE), np.ones((side // _BLOCKS_SIDE, 1))).astype(np.float32)
    return columns
