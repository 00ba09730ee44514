"""A mask comes in; its connected shapes, by the runs of pixels they are made of, go out.

Runs instead of pixels, and neither sorting nor a labelled picture: a mask of letters has few pixels, and whoever looks
at a picture in a fresh process would wait longer for scipy.ndimage to be imported than for a hundred pictures.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Connected:
    """The connected shapes of a mask, in the order of their first pixels: edges (ends excluded) and pixels of each.

    `run_shapes`, `run_starts` and `run_lengths` tell of every level run of pixels which shape it belongs to, where in
    the flattened picture it starts, and how many pixels it has.
    """

    left: Indices
    right: Indices
    top: Indices
    bottom: Indices
    area: Indices
    run_shapes: Indices
    run_starts: Indices
    run_lengths: Indices

    def mean_of(self, values: NDArray[Any], chosen: Indices) -> NDArray[np.float64]:
        """The mean of (height, width) values over each of the chosen shapes."""
        place = np.full(self.area.size, -1)
        place[chosen] = np.arange(chosen.size)
        places = place[self.run_shapes]
        runs = (places >= 0).nonzero()[0]
        pixels = values.ravel()[_spread(self.run_starts[runs], self.run_lengths[runs])]
        of_pixels = places[runs].repeat(self.run_lengths[runs])
        return np.bincount(of_pixels, weights=pixels, minlength=chosen.size) / self.area[chosen]


def connected_shapes(mask: NDArray[np.bool_], *, diagonal: bool = False) -> Connected:
    """The shapes of a (height, width) mask; pixels that touch at a corner alone belong together if `diagonal`."""
    stride = mask.shape[1] + 1
    starts, ends = _runs(mask)
    one, other = _touching(starts, ends, stride, diagonal=diagonal)
    roots = roots_of(starts.size, one, other)
    first = (roots == np.arange(starts.size)).nonzero()[0]
    number = np.empty(starts.size, np.intp)
    number[first] = np.arange(first.size)
    shapes = number[roots]
    rows = starts // stride
    left, right = starts - rows * stride, ends - rows * stride
    lefts, rights, bottoms = left[first], right[first], rows[first]
    np.minimum.at(lefts, shapes, left)
    np.maximum.at(rights, shapes, right)
    np.maximum.at(bottoms, shapes, rows)
    area = np.bincount(shapes, weights=ends - starts, minlength=first.size).astype(np.intp)
    return Connected(lefts, rights, rows[first], bottoms + 1, area, shapes, starts - rows, ends - starts)


def roots_of(count: int, one: Indices, other: Indices) -> Indices:
    """The lowest node that each of `count` nodes is connected to by the edges one[i] to other[i].

    Every round hangs the higher root of an edge on the lower and flattens the trees (after Shiloach and Vishkin).
    """
    roots = np.arange(count)
    while one.size:
        np.minimum.at(roots, np.maximum(one, other), np.minimum(one, other))
        above = roots[roots]
        while True:
            roots = above[above]
            above = roots[roots]
            if not np.count_nonzero(above != roots):
                break
        one, other = roots[one], roots[other]
        apart = (one != other).nonzero()[0]
        one, other = one[apart], other[apart]
    return roots


def pairs_between(first: Indices, end: Indices) -> tuple[Indices, Indices]:
    """All pairs of i and a number from first[i] up to, but not with, end[i]."""
    counts = np.maximum(end - first, 0)
    return np.arange(first.size).repeat(counts), _spread(first, counts)


def _runs(mask: NDArray[np.bool_]) -> tuple[Indices, Indices]:
    """Starts and ends of the level runs, flattened as if every row had one more column, in which no run lies."""
    height, width = mask.shape
    fenced = np.zeros(height * (width + 1) + 1, bool)
    fenced[1:].reshape(height, width + 1)[:, :width] = mask
    changes = (fenced[1:] != fenced[:-1]).nonzero()[0]
    return changes[::2], changes[1::2]


def _touching(starts: Indices, ends: Indices, stride: int, *, diagonal: bool) -> tuple[Indices, Indices]:
    """The pairs of runs, one below the other, that touch."""
    first = ends.searchsorted(starts + stride, "left" if diagonal else "right")
    end = starts.searchsorted(ends + stride, "right" if diagonal else "left")
    return pairs_between(first, end)


def _spread(starts: Indices, lengths: Indices) -> Indices:
    """The numbers from each start on, as many as its length, one after another."""
    ends = lengths.cumsum()
    numbers: Indices = (starts - ends + lengths).repeat(lengths) + np.arange(ends[-1] if ends.size else 0)
    return numbers
