"""Nominated pairs come in; for each the aligning map and how far the pixels agree go out."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from kvqa_audit.duplicates.align import grid, refined, sampled
from kvqa_audit.duplicates.blocks import in_blocks
from kvqa_audit.duplicates.fields import Fields, Float, contrast_of, halved
from kvqa_audit.duplicates.nominate import Nominations
from kvqa_audit.duplicates.patch_agreement import block_sums
from kvqa_audit.duplicates.surround import view_weight
from kvqa_audit.duplicates.texture import detail_of
from kvqa_audit.duplicates.views import views
from kvqa_audit.images.hashes import THUMBNAIL_SIDE_PX

_POLISHING_ITERATIONS = 6
# Bounds for two rounds of polishing, which adds little to what is far from being verified, and for what comes after.
_UNSURE_FROM = (0.82, 0.88, 0.9)
# The gain is foreseen at half the resolution, where it is at most half as large or this much less than it turns out.
_FORESEEN_SHARE = 0.5
_FORESEEN_WITHIN = 0.015
_UNSURE_FROM_WHOLE = 0.62
_SURE_FROM = 0.985
_BLACKED_WEIGHT = 0.7
_DIFFERING_AGREEMENT = 0.4
_DIFFERING_ENERGY = 6.0
_COMPARED_PER_BLOCK = 32

Maps = NDArray[np.float64]
Indices = NDArray[np.int64]


@dataclass(frozen=True)
class _Sieve:
    """A step of the alignment, and the least agreement, in the best parts and whole, that makes a pair worth more.

    `template_px` is the side of the fields the plain picture is compared in; the other has twice as many pixels.
    """

    template_px: int
    rigid_iterations: int
    affine_iterations: int
    min_best: float
    min_whole: float
    pairs_per_block: int


# Each step is cheap beside those after it. The bounds lie below the least that pairs had there that were verified in
# the end: 6,292 pairs, copies under 26 transforms and real neighbouring frames.
_SIEVES = (
    _Sieve(16, 2, 0, 0.68, 0.37, 96),
    _Sieve(16, 3, 2, 0.79, 0.55, 96),
    _Sieve(32, 0, 2, 0.77, 0.55, 48),
    _Sieve(32, 0, 4, 0.825, 0.63, 48),
)


@dataclass(frozen=True)
class Verified:
    """For each nominated pair: the map from the plain to the viewed picture, and the agreement of their pixels.

    `maps` is (p, 2, 3) in the unit square. `similarity` is the agreement of the contrast fields in the best 75 % of
    what both show, so that an added box or text does not count; `whole` is that of all of it; `overlap` is the share
    of the plain picture that both show; `covered` is the share of it where one shows something else, such as a box;
    `inner` is the agreement of all but the rim. All five are 0 where the rough alignment already disagrees.
    """

    maps: Maps
    similarity: Float
    whole: Float
    overlap: Float
    covered: Float
    inner: Float


def verify(fields: Fields, nominations: Nominations) -> Verified:
    """Aligns every nominated pair and compares its contrast fields block by block, inside both fields of view."""
    count = len(nominations.view)
    maps = np.stack([view.affine for view in views()])[nominations.view]
    promising = np.arange(count)
    for sieve in _SIEVES:
        best, whole = _aligned(fields, nominations, maps, promising, sieve)
        promising = promising[(best >= sieve.min_best) & (whole >= sieve.min_whole)]
    agreement = np.zeros((5, count))

    def compare(block: slice) -> None:
        chosen = promising[block]
        viewed, plain = nominations.viewed[chosen], nominations.plain[chosen]
        maps[chosen], agreement[:, chosen] = _compared(fields, viewed, plain, maps[chosen])

    in_blocks(compare, len(promising), _COMPARED_PER_BLOCK)
    return Verified(maps, *agreement)


def detail_agreement(fields: Fields, nominations: Nominations, maps: Maps, chosen: Indices) -> Float:
    """How far the chosen pairs agree in what is no shading, in the best 75 % of it, (k,): 1 is equal, 0 unrelated."""
    agreement = np.empty(len(chosen))

    def compare(block: slice) -> None:
        pairs = chosen[block]
        mapped = _mapped(fields, nominations.viewed[pairs], nominations.plain[pairs], maps[pairs])
        agreement[block] = block_sums(detail_of(mapped.viewed), detail_of(mapped.plain), mapped.weight).best()

    in_blocks(compare, len(chosen), _COMPARED_PER_BLOCK)
    return agreement


def _aligned(fields: Fields, nominations: Nominations, maps: Maps, promising: Indices, sieve: _Sieve) -> Float:
    """Refines the maps of the promising pairs in place; gives their agreement then, best and whole, (2, p)."""
    agreement = np.empty((2, len(promising)))

    def align(block: slice) -> None:
        chosen = promising[block]
        viewed, plain = nominations.viewed[chosen], nominations.plain[chosen]
        if sieve.template_px == THUMBNAIL_SIDE_PX // 2:
            seen_from, template = fields.contrast(viewed), fields.half_contrast(plain)
        else:
            seen_from, template = fields.half_contrast(viewed), halved(fields.half_contrast(plain))
        found = refined(seen_from, template, maps[chosen], sieve.rigid_iterations, rigid=True)
        found = refined(seen_from, template, found, sieve.affine_iterations)
        seen, inside = sampled(seen_from, found, grid(sieve.template_px))
        sums = block_sums(seen.reshape(template.shape), template, inside.reshape(template.shape))
        maps[chosen], agreement[:, block] = found, (sums.best(), sums.whole())

    in_blocks(align, len(promising), sieve.pairs_per_block)
    return agreement


def _compared(fields: Fields, viewed: Indices, plain: Indices, maps: Maps) -> tuple[Maps, Float]:
    """The maps of aligned pairs, polished where that helps, and the agreements, (5, p), as Verified names them."""
    mapped = _mapped(fields, viewed, plain, maps)
    agreement = np.stack(_agreement(mapped))
    unsure = np.arange(len(maps))
    for unsure_from, wanted in pairwise(_UNSURE_FROM):
        similarity, whole = agreement[0, unsure], agreement[1, unsure]
        worth = (similarity >= unsure_from) & (similarity < _SURE_FROM) & (whole >= _UNSURE_FROM_WHOLE)
        unsure = unsure[worth]
        if not len(unsure):
            break
        rest, gain = _polished(mapped.chosen(worth))
        hopeful = agreement[0, unsure] + gain / _FORESEEN_SHARE + _FORESEEN_WITHIN >= wanted
        unsure, better = unsure[hopeful], _after(maps[unsure[hopeful]], rest[hopeful])
        mapped = _mapped(fields, viewed[unsure], plain[unsure], better)
        improved = np.stack(_agreement(mapped))
        gained = improved[1] > agreement[1, unsure]
        maps[unsure[gained]], agreement[:, unsure[gained]] = better[gained], improved[:, gained]
        unsure, mapped = unsure[gained], mapped.chosen(gained)
    return maps, agreement


@dataclass(frozen=True)
class _Mapped:
    """Contrast fields of the viewed pictures once mapped, and of the plain ones, (p, 64, 64).

    `weight` is 1 where both show something, `blacked` where only one does and the other is black.
    """

    viewed: Float
    plain: Float
    weight: Float
    blacked: NDArray[np.bool_]

    def chosen(self, which: NDArray[np.bool_]) -> _Mapped:
        return _Mapped(self.viewed[which], self.plain[which], self.weight[which], self.blacked[which])


def _mapped(fields: Fields, viewed: Indices, plain: Indices, maps: Maps) -> _Mapped:
    """The contrast is taken after the mapping, so that both fields mean the same scale and the same surround."""
    side = THUMBNAIL_SIDE_PX
    grey = np.empty((2, len(maps), side, side), np.float32)
    seen, inside = sampled(fields.grey[viewed].astype(np.float32), maps, grid(side))
    inside = inside.reshape(-1, side, side)
    grey[0], grey[1] = seen.reshape(inside.shape), fields.grey[plain]
    first, second = view_weight(grey)
    weight = first * second
    weight *= inside
    contrast = contrast_of(grey, weight)
    return _Mapped(contrast[0], contrast[1], weight, inside & (np.abs(first - second) > _BLACKED_WEIGHT))


def _polished(mapped: _Mapped) -> tuple[Maps, Float]:
    """Maps, (p, 2, 3), that remove what is left of a shift, and by how much the pairs then agree better, (p,).

    They are refined on the contrast taken after the mapping: a crop's own contrast field pulls its scale aside.
    """
    template, weight = halved(mapped.plain), halved(mapped.weight)
    rest = np.broadcast_to(np.eye(3)[:2], (len(template), 2, 3))
    rest = refined(mapped.viewed, template, rest, _POLISHING_ITERATIONS)
    seen, inside = sampled(mapped.viewed, rest, grid(template.shape[-1]))
    before = block_sums(halved(mapped.viewed), template, weight).best()
    after = block_sums(seen.reshape(template.shape), template, weight * inside.reshape(template.shape)).best()
    return rest, np.maximum(after - before, 0)


def _after(maps: Maps, rest: Maps) -> Maps:
    """The maps that take a point through `rest` first."""
    moved = maps[:, :, :2] @ rest
    moved[:, :, 2] += maps[:, :, 2]
    return moved


def _agreement(mapped: _Mapped) -> tuple[Float, Float, Float, Float, Float]:
    """Similarity, whole, overlap, covered and inner (see Verified) of mapped pairs."""
    sums = block_sums(mapped.viewed, mapped.plain, mapped.weight)
    differs = (sums.product < _DIFFERING_AGREEMENT * sums.energy) & (sums.energy > _DIFFERING_ENERGY)
    covered = differs.mean(axis=1) + mapped.blacked.mean(axis=(1, 2))
    return sums.best(), sums.whole(), mapped.weight.mean(axis=(1, 2)), covered, sums.inner()
