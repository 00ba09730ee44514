"""Contrast fields come in; pairs of pictures that may show the same go out, each with the view that fits best."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kvqa_audit.duplicates.blocks import MAX_SERIAL_PRODUCT, THREADS, in_blocks
from kvqa_audit.duplicates.descriptors import DESCRIPTOR_SIZE, plain_descriptors, view_descriptors
from kvqa_audit.duplicates.fields import Fields, Float
from kvqa_audit.duplicates.search import HASH_BITS, Hashes, distinct, pairs_within
from kvqa_audit.duplicates.views import views

MIN_NOMINATION_SCORE = 0.60
MAX_NOMINATIONS_PER_IMAGE = 9
HASH_RADIUS_BITS = 31
_ROWS_PER_BLOCK = 32
_COLUMNS_PER_BLOCK = MAX_SERIAL_PRODUCT // (len(views()) * DESCRIPTOR_SIZE)

Indices = NDArray[np.int64]
_Partners = tuple[Indices, Indices, Indices, Float]


@dataclass(frozen=True)
class Nominations:
    """Pairs to verify: the picture seen under a view, the picture it resembles, the view's index, and how much."""

    viewed: Indices
    plain: Indices
    view: Indices
    score: Float


def nominate(fields: Fields) -> Nominations:
    """The best partners of every usable picture, under all views, by the correlation of their coarser waves.

    All pairs are compared, with matrix products: (views x n x n x 70) multiplications.
    """
    usable = np.flatnonzero(fields.usable)
    if len(usable) < 2:
        return _without_repeats([], usable)
    plain = plain_descriptors(fields, usable)
    starts = range(0, len(plain), _COLUMNS_PER_BLOCK)
    columns = [np.ascontiguousarray(plain[start : start + _COLUMNS_PER_BLOCK].T) for start in starts]
    kept: dict[int, _Partners] = {}

    def look(block: slice) -> None:
        seen = view_descriptors(fields, usable[block])
        best = _best_score(seen, columns)
        rows = np.arange(len(best))
        best[rows, rows + block.start] = -1
        row, column, score = _best_partners(best)
        kept[block.start] = (row + block.start, column, _best_view(seen, row, plain[column]), score)

    in_blocks(look, len(usable), _ROWS_PER_BLOCK, THREADS)
    return _without_repeats([kept[start] for start in sorted(kept)], usable)


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


def _best_score(seen: Float, plain: list[Float]) -> Float:
    """The best score of each row under any view, (rows, views, 70), with blocks of pictures, (70, b): (rows, n)."""
    return np.concatenate([(seen @ pictures).max(axis=1) for pictures in plain], axis=1)


def _best_partners(best: Float) -> tuple[Indices, Indices, Float]:
    """Row, column and score of each row's best scores: at most 9, those that reach the least score."""
    last = max(0, best.shape[1] - MAX_NOMINATIONS_PER_IMAGE)
    least = np.partition(best, last, axis=1)[:, last]
    row, column = np.nonzero(best >= np.maximum(least, MIN_NOMINATION_SCORE)[:, None])
    score = best[row, column]
    order = np.lexsort((column, -score, row))
    row, column, score = row[order], column[order], score[order]
    rank = np.arange(len(row)) - np.searchsorted(row, row)
    few = rank < MAX_NOMINATIONS_PER_IMAGE
    return row[few], column[few], score[few]


def _best_view(seen: Float, rows: Indices, plain: Float) -> Indices:
    """Under which view each row resembles its plain partner, (k, 70), most; the first where they are equal."""
    best: Indices = (seen[rows] @ plain[:, :, None])[:, :, 0].argmax(axis=1)
    return best


def _without_repeats(kept: list[_Partners], usable: Indices) -> Nominations:
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
