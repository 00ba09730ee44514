"""One plane comes in; what rises above its surroundings, and the brightest value nearby, go out.

A minimum or maximum over a square is one over rows and one over columns, each by doubling the span. The padded plane
is handled as one long row, which is read three times as fast as its parts: what runs over from one row into the next
stays within the padding.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def top_hat(plane: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """How much each pixel is brighter than the morphological opening by a square of `size` pixels (odd)."""
    return plane - np.minimum(_filtered(plane, size, size - 1, (np.minimum, np.maximum)), plane)


def brightest_near(plane: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """The greatest value in the square of `size` pixels (odd) around each pixel."""
    return _filtered(plane, size, size // 2, (np.maximum,))


def _filtered(plane: NDArray[np.uint8], size: int, reach: int, picks: tuple[np.ufunc, ...]) -> NDArray[np.uint8]:
    height, width = plane.shape
    stride = width + 2 * reach
    row = _padded(plane, reach).ravel()
    for pick in picks:
        for step in (1, stride):
            row = _sliding(row, size, step, pick)
    return row[: height * stride].reshape(height, stride)[:, :width]


def _padded(plane: NDArray[np.uint8], reach: int) -> NDArray[np.uint8]:
    """The plane with its edges repeated `reach` times on every side, and once more below."""
    height, width = plane.shape
    padded = np.empty((height + 2 * reach + 1, width + 2 * reach), np.uint8)
    middle = padded[reach : reach + height]
    middle[:, reach : reach + width] = plane
    middle[:, :reach], middle[:, reach + width :] = plane[:, :1], plane[:, -1:]
    padded[:reach], padded[reach + height :] = middle[0], middle[-1]
    return padded


def _sliding(row: NDArray[np.uint8], size: int, step: int, pick: np.ufunc) -> NDArray[np.uint8]:
    """Minimum or maximum over `size` values that are `step` apart; the row gets (`size` - 1) * `step` shorter."""
    span = 1
    while span < size:
        more = min(span, size - span)
        row = pick(row[: -more * step], row[more * step :])
        span += more
    return row
