"""Contrast fields come in; pairs of pictures that may show the same go out, each with the view that fits best."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from kvqa_audit.duplicates.blocks import MAX_SERIAL_PRODUCT, THREADS, in_blocks
from kvqa_audit.duplicates.descriptors import DESCRIPTOR_SIZE, plain_descriptors, view_descriptors
from kvqa_audit.duplicates.fields import Fields, Float
from kvqa_audit.duplicates.inverted_lists import InvertedLists
from kvqa_audit.duplicates.rows_on_disk import Rows, RowsOnDisk
from kvqa_audit.duplicates.views import views

MIN_NOMINATION_SCORE = 0.60
MAX_NOMINATIONS_PER_IMAGE = 9
MAX_PICTURES_FOR_ALL_PAIRS = 20_000
_ROWS_PER_BLOCK = 32
_ROWS_PER_LISTED_BLOCK = 256
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

    Up to 20,000 pictures all pairs are compared. Of more, each view reads the lists that are nearest to it, some
    views x n x 8 sqrt(n) products of 70 multiplications. The descriptors lie on disk; beside the result, of 36 bytes a
    partner, and the learning of the lists, some 50 sqrt(n) kB, two blocks of 50 MB at most are in memory.
    """
    usable = np.flatnonzero(fields.usable)
    if len(usable) < 2:
        return _without_repeats([], usable)
    plain = plain_descriptors(fields, usable, RowsOnDisk)
    kept: dict[int, _Partners] = {}
    partners_of, rows = _among_all(plain) if len(plain) <= MAX_PICTURES_FOR_ALL_PAIRS else _among_lists(plain)

    def look(block: slice) -> None:
        seen = view_descriptors(fields, usable[block])
        row, column, score = partners_of(seen, block.start)
        kept[block.start] = (row + block.start, column, _best_view(seen, row, plain[column]), score)

    with threadpool_limits(1):
        in_blocks(look, len(usable), rows, THREADS)
    return _without_repeats([kept[start] for start in sorted(kept)], usable)


_Found = tuple[Indices, Indices, Float]
_PartnersOf = Callable[[Float, int], _Found]


def _among_all(plain: Rows) -> tuple[_PartnersOf, int]:
    """What finds the best partners of some pictures, seen under all views and numbered from a start on, among all."""
    starts = range(0, len(plain), _COLUMNS_PER_BLOCK)
    columns = [np.ascontiguousarray(plain[start : start + _COLUMNS_PER_BLOCK].T) for start in starts]

    def partners_of(seen: Float, start: int) -> _Found:
        best = _best_score(seen, columns)
        rows = np.arange(len(best))
        best[rows, rows + start] = -1
        return _best_partners(best)

    return partners_of, _ROWS_PER_BLOCK


def _among_lists(plain: Rows) -> tuple[_PartnersOf, int]:
    """As `_among_all`, among those in the lists nearest to each view."""
    lists = InvertedLists.of(plain, RowsOnDisk)
    place = np.empty(len(plain), np.int64)
    place[lists.position] = np.arange(len(plain))

    def partners_of(seen: Float, start: int) -> _Found:
        wanted = seen.reshape(-1, seen.shape[-1])
        found: list[_Found] = []
        for asked, part in lists.reads(wanted):
            rows, first = np.unique(asked // seen.shape[1], return_index=True)
            best = np.maximum.reduceat(wanted[asked] @ lists.descriptors[part].T, first, axis=0)
            own = place[rows + start] - part.start
            itself = np.flatnonzero((own >= 0) & (own < best.shape[1]))
            best[itself, own[itself]] = -1
            row, column, score = _best_partners(best)
            found.append((rows[row], lists.position[part.start + column], score))
        return _best_of(*(np.concatenate(of) for of in zip(*found, strict=True)))

    return partners_of, _ROWS_PER_LISTED_BLOCK


def _best_score(seen: Float, plain: list[Float]) -> Float:
    """The best score of each row under any view, (rows, views, 70), with blocks of pictures, (70, b): (rows, n)."""
    return np.concatenate([(seen @ pictures).max(axis=1) for pictures in plain], axis=1)


def _best_partners(best: Float) -> tuple[Indices, Indices, Float]:
    """Row, column and score of each row's best scores: at most 9, those that reach the least score."""
    last = max(0, best.shape[1] - MAX_NOMINATIONS_PER_IMAGE)
    least = np.partition(best, last, axis=1)[:, last]
    row, column = np.nonzero(best >= np.maximum(least, MIN_NOMINATION_SCORE)[:, None])
    return _best_of(row, column, best[row, column])


def _best_of(row: Indices, column: Indices, score: Float) -> _Found:
    """The at most 9 best scores of each row."""
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
