"""Connected shapes are those that SciPy finds, in the same order, whatever the mask."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from kvqa_audit.overlays.connected import connected_shapes, pairs_between, roots_of


def masks() -> list[np.ndarray]:
    rng = np.random.default_rng(11)
    shapes = [(1, 1), (1, 9), (9, 1), (2, 2), (17, 23), (40, 31)]
    random = [rng.random(shape) < share for shape in shapes for share in (0.0, 0.2, 0.5, 0.7, 1.0)]
    comb = np.zeros((30, 41), bool)
    comb[:, ::2] = comb[-1] = True
    spiral = np.zeros((9, 9), bool)
    spiral[0], spiral[:, -1], spiral[-1], spiral[2:, 0], spiral[2, :7], spiral[2:7, 6] = (True,) * 6
    return [*random, comb, comb[::-1].copy(), spiral, np.eye(20, dtype=bool), np.eye(20, dtype=bool)[::-1].copy()]


@pytest.mark.parametrize("diagonal", [False, True])
def test_shapes_equal_those_of_scipy(diagonal: bool) -> None:
    for mask in masks():
        values = np.random.default_rng(1).integers(0, 256, mask.shape, dtype=np.uint8)
        labels, count = ndimage.label(mask, np.ones((3, 3)) if diagonal else None)
        found = connected_shapes(mask, diagonal=diagonal)
        edges = [(rows.start, rows.stop, columns.start, columns.stop) for rows, columns in ndimage.find_objects(labels)]
        assert list(zip(found.top, found.bottom, found.left, found.right, strict=True)) == edges
        numbers = np.arange(1, count + 1)
        assert found.area.tolist() == [int((labels == number).sum()) for number in numbers]
        chosen = np.arange(0, count, 2)
        means = ndimage.mean(values, labels, chosen + 1) if chosen.size else []
        assert found.mean_of(values, chosen) == pytest.approx(np.asarray(means))


def test_long_chains_given_in_the_worst_order_end_at_their_lowest_node() -> None:
    nodes = np.random.default_rng(2).permutation(500)
    assert set(roots_of(500, nodes[:-1], nodes[1:]).tolist()) == {0}
    assert roots_of(4, np.array([3]), np.array([1])).tolist() == [0, 1, 2, 1]


def test_pairs_between_leaves_out_empty_and_backward_spans() -> None:
    one, other = pairs_between(np.array([1, 5, 2]), np.array([3, 4, 3]))
    assert list(zip(one.tolist(), other.tolist(), strict=True)) == [(0, 1), (0, 2), (2, 2)]
