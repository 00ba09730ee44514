"""The top-hat and the brightest value nearby equal those of SciPy, up to the edges."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from kvqa_audit.overlays.top_hat import brightest_near, top_hat


@pytest.mark.parametrize("size", [1, 3, 13, 21])
@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (40, 1), (5, 60), (64, 27)])
def test_filters_equal_those_of_scipy(shape: tuple[int, int], size: int) -> None:
    plane = np.random.default_rng(size).integers(0, 256, shape, dtype=np.uint8)
    around = np.pad(plane, 2 * size, mode="edge")
    inner = (slice(2 * size, -2 * size),) * 2
    opened = ndimage.grey_opening(around, (size, size), mode="nearest")[inner]
    assert np.array_equal(top_hat(plane, size), plane - opened)
    assert np.array_equal(brightest_near(plane, size), ndimage.maximum_filter(plane, (size, size), mode="nearest"))
