"""Nominated pairs come in; for each the aligning map and how far the pixels agree go out."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kvqa_audit.duplicates.align import COARSE_ITERATIONS, FINE_ITERATIONS, RIGID_ITERATIONS, grid, refined, sampled
from kvqa_audit.duplicates.fields import Fields, Float, contrast_of, halved, view_weight
from kvqa_audit.duplicates.nominate import Nominations
from kvqa_audit.duplicates.views import views
from kvqa_audit.images.hashes import THUMBNAIL_SIDE_PX

KEPT_SHARE = 0.75
MIN_ROUGH_AGREEMENT = 0.55
_PAIRS_PER_BLOCK = 96
_ROUGH_SIDE = 16
_BLOCKS_SIDE = 8
_THREADS = 2
_POLISHING_ROUNDS = 2
_UNSURE_FROM = 0.75
_SURE_FROM = 0.985
_BLACKED_WEIGHT = 0.7
_DIFFERING_AGREEMENT = 0.4
_DIFFERING_ENERGY = 6.0

Maps = NDArray[np.float64]
Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Verified:
    """For each nominated pair: the map from the plain to the viewed picture, and the agreement of their pixels.

    `maps` is (p, 2, 3) in the unit square. `similarity` is the agreement of the contrast fields in the best 75 % of
    what both show, so that an added box or text does not count; `whole` is that of all of it; `overlap` is the share
    of the plain picture that both show; `covered` is the share of it where one shows something else, such as a box.
    All four are 0 where the rough alignment already disagrees.
    """

    maps: Maps
    similarity: Float
    whole: Float
    overlap: Float
    covered: Float


def verify(fields: Fields, nominations: Nominations) -> Verified:
    """Aligns every nominated pair and compares its contrast fields block by block, inside both fields of view."""
    count = len(nominations.view)
    verified = Verified(np.stack([view.affine for view in views()])[nominations.view], *np.zeros((4, count)))

    def verify_block(start: int) -> None:
        _verify_block(fields, nominations, verified, slice(start, start + _PAIRS_PER_BLOCK))

    # The array library lets go of the interpreter's lock; every block writes to its own rows.
    with ThreadPoolExecutor(_THREADS) as pool:
        list(pool.map(verify_block, range(0, count, _PAIRS_PER_BLOCK)))
    return verified


def _verify_block(fields: Fields, nominations: Nominations, verified: Verified, block: slice) -> None:
    viewed, plain = nominations.viewed[block], nominations.plain[block]
    verified.maps[block], promising = _roughly_aligned(fields, viewed, plain, verified.maps[block])
    if not len(promising):
        return
    viewed, plain, at = viewed[promising], plain[promising], block.start + promising
    template = halved(fields.contrast(plain))
    maps = refined(fields.contrast(viewed), template, verified.maps[at], FINE_ITERATIONS)
    agreement = np.stack(_agreement(_mapped(fields, viewed, plain, maps)))
    for _ in range(_POLISHING_ROUNDS):
        unsure = np.flatnonzero((agreement[0] >= _UNSURE_FROM) & (agreement[0] < _SURE_FROM))
        if not len(unsure):
            break
        better = _polished(fields, viewed[unsure], plain[unsure], maps[unsure])
        improved = np.stack(_agreement(_mapped(fields, viewed[unsure], plain[unsure], better)))
        gained = improved[1] > agreement[1, unsure]
        maps[unsure[gained]], agreement[:, unsure[gained]] = better[gained], improved[:, gained]
    verified.maps[at] = maps
    verified.similarity[at], verified.whole[at], verified.overlap[at], verified.covered[at] = agreement


def _roughly_aligned(fields: Fields, viewed: Indices, plain: Indices, maps: Maps) -> tuple[Maps, Indices]:
    """Maps refined at half the resolution, and which pairs are worth more."""
    seen_from = halved(fields.contrast(viewed))
    template = halved(halved(fields.contrast(plain)))
    maps = refined(seen_from, template, maps, RIGID_ITERATIONS, rigid=True)
    maps = refined(seen_from, template, maps, COARSE_ITERATIONS)
    seen, inside = sampled(seen_from, maps, grid(_ROUGH_SIDE))
    seen, wanted = seen * inside, template.reshape(len(template), -1) * inside
    agreement = (seen * wanted).sum(axis=1) / ((seen * seen + wanted * wanted).sum(axis=1) / 2 + 1e-6)
    return maps, np.flatnonzero(agreement >= MIN_ROUGH_AGREEMENT)


@dataclass(frozen=True)
class _Mapped:
    """Contrast fields of the viewed pictures once mapped, and of the plain ones, (p, 64, 64).

    `weight` is 1 where both show something, `blacked` where only one does and the other is black.
    """

    viewed: Float
    plain: Float
    weight: Float
    blacked: Float


def _mapped(fields: Fields, viewed: Indices, plain: Indices, maps: Maps) -> _Mapped:
    """The contrast is taken after the mapping, so that both fields mean the same scale and the same surround."""
    side = THUMBNAIL_SIDE_PX
    seen, inside = sampled(fields.grey[viewed].astype(np.float32), maps, grid(side))
    seen, wanted = seen.reshape(-1, side, side), fields.grey[plain].astype(np.float32)
    inside = inside.reshape(seen.shape).astype(np.float32)
    first, second = view_weight(seen), view_weight(wanted)
    weight = first * second * inside
    blacked = np.where(np.abs(first - second) > _BLACKED_WEIGHT, inside, np.float32(0))
    return _Mapped(contrast_of(seen, weight), contrast_of(wanted, weight), weight, blacked)


def _polished(fields: Fields, viewed: Indices, plain: Indices, maps: Maps) -> Maps:
    """Maps refined on the contrast taken after the mapping: a crop's own contrast field pulls its scale aside."""
    mapped = _mapped(fields, viewed, plain, maps)
    rest = np.broadcast_to(np.eye(3)[:2], maps.shape)
    rest = refined(mapped.viewed, halved(mapped.plain), rest, FINE_ITERATIONS)
    polished = maps[:, :, :2] @ rest
    polished[:, :, 2] += maps[:, :, 2]
    return polished


def _agreement(mapped: _Mapped) -> tuple[Float, Float, Float, Float]:
    """Similarity, whole, overlap and covered (see Verified) of mapped pairs."""
    first, second, weight = mapped.viewed, mapped.plain, mapped.weight
    product = _per_block(weight * first * second)
    energy = _per_block(weight * (first * first + second * second) / 2)
    differs = (product < _DIFFERING_AGREEMENT * energy) & (energy > _DIFFERING_ENERGY)
    covered = differs.mean(axis=1) + mapped.blacked.mean(axis=(1, 2))
    total = energy.sum(axis=1, keepdims=True)
    whole = product.sum(axis=1) / (total[:, 0] + 1e-6)
    order = np.argsort(-product / (energy + 1e-6), axis=1, kind="stable")
    product, energy = np.take_along_axis(product, order, axis=1), np.take_along_axis(energy, order, axis=1)
    kept = np.cumsum(energy, axis=1) <= KEPT_SHARE * total + 1e-6
    similarity = (product * kept).sum(axis=1) / ((energy * kept).sum(axis=1) + 1e-6)
    return similarity, whole, weight.mean(axis=(1, 2)), covered


def _per_block(values: Float) -> Float:
    """Sums over 8 x 8 blocks of pixels, (p, 64)."""
    count, side, _ = values.shape
    size = side // _BLOCKS_SIDE
    summed: Float = values.reshape(count, side, _BLOCKS_SIDE, size).sum(axis=3)
    summed = summed.reshape(count, _BLOCKS_SIDE, size, _BLOCKS_SIDE).sum(axis=2)
    return summed.reshape(count, -1)
