"""Descriptors come in, parted into lists of alike ones; for others, the few lists go out that may hold their like.

An inverted file (Sivic and Zisserman 2003): a descriptor lies in the list of the nearest of some centres, and whoever
looks for its like reads the lists of the centres nearest to what is looked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from kvqa_audit.duplicates.fields import Float, Indices
from kvqa_audit.duplicates.rows_on_disk import MakeRows, Rows

LISTS_READ = 16
_MAX_COLUMNS = 2_048
_SAMPLES_PER_LIST = 40
_ROUNDS = 8
_ROWS_PER_BLOCK = 2_048
_NEARNESSES_PER_PART = 1 << 21
_SEED = 1


@dataclass(frozen=True)
class InvertedLists:
    """Lists of descriptors of unit length.

    `centres` is (lists, d), the mean direction of each list. `position` tells which descriptor stands where, list by
    list, (n,), `starts` where each list begins, (lists + 1,), and `descriptors` holds them in that order, (n, d).
    """

    centres: Float
    position: Indices
    starts: Indices
    descriptors: Rows

    @classmethod
    def of(cls, descriptors: Rows, make_rows: MakeRows = np.empty) -> InvertedLists:
        """Parts n descriptors, (n, d), into lists, in rows such as `make_rows` makes; not depending on the machine.

        There are as many as make reading the centres as dear as reading the lists: the square root of 16 n.
        """
        count = max(1, int(np.sqrt(LISTS_READ * len(descriptors))))
        centres = _centres(descriptors, count)
        nearest = _nearest(descriptors, centres)
        position = np.argsort(nearest, kind="stable")
        starts = np.searchsorted(nearest[position], np.arange(count + 1))
        by_list = make_rows((len(descriptors), centres.shape[1]), np.float32)
        for block in _blocks(len(descriptors), _ROWS_PER_BLOCK):
            by_list[block] = descriptors[position[block]]
        return cls(centres, position, starts, by_list)

    def reads(self, wanted: Float) -> Iterator[tuple[Indices, slice]]:
        """Which of the wanted descriptors, (q, d), have to be held against which part of the lists.

        Every wanted one reads the 16 nearest lists whole; a long list comes in parts.
        """
        near = min(LISTS_READ, len(self.centres))
        parts = _blocks(len(wanted), max(1, _NEARNESSES_PER_PART // len(self.centres)))
        chosen = np.concatenate([_nearest_lists(wanted[part], self.centres, near) for part in parts])
        order = np.argsort(chosen, kind="stable")
        bounds = np.searchsorted(chosen[order], np.arange(len(self.starts)))
        asking = order // near
        for number in np.flatnonzero(np.diff(bounds)):
            asked = asking[bounds[number] : bounds[number + 1]]
            for start in range(self.starts[number], self.starts[number + 1], _MAX_COLUMNS):
                yield asked, slice(start, min(start + _MAX_COLUMNS, self.starts[number + 1]))


def _nearest_lists(wanted: Float, centres: Float, count: int) -> Indices:
    """The lists nearest to each of the wanted descriptors, one after the other, (q * count,)."""
    chosen: Indices = np.argpartition(wanted @ centres.T, -count, axis=1)[:, -count:].ravel()
    return chosen


def _centres(descriptors: Rows, count: int) -> Float:
    """Spherical k-means on a sample (Dhillon and Modha 2001)."""
    sample = np.random.default_rng(_SEED).permutation(len(descriptors))[: count * _SAMPLES_PER_LIST]
    learnt = descriptors[sample]
    centres = learnt[:count].copy()
    for _ in range(_ROUNDS):
        nearest = _nearest(learnt, centres)
        order = np.argsort(nearest, kind="stable")
        held, first = np.unique(nearest[order], return_index=True)
        mean = np.add.reduceat(learnt[order], first)
        centres[held] = mean / np.maximum(np.linalg.norm(mean, axis=1, keepdims=True), 1e-6)
    return centres


def _nearest(descriptors: Rows, centres: Float) -> Indices:
    blocks = _blocks(len(descriptors), _ROWS_PER_BLOCK)
    return np.concatenate([(descriptors[block] @ centres.T).argmax(axis=1) for block in blocks])


def _blocks(count: int, size: int) -> list[slice]:
    return [slice(start, min(start + size, count)) for start in range(0, count, size)]
