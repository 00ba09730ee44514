"""The pixels of one picture come in; its colour planes, whole and at half size, go out, each worked out once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Planes:
    """Red, green and blue, each (height, width) uint8: next to each other one plane is read far faster than mixed."""

    red: NDArray[np.uint8]
    green: NDArray[np.uint8]
    blue: NDArray[np.uint8]

    @property
    def shape(self) -> tuple[int, int]:
        height, width = self.red.shape
        return height, width

    def part(self, rows: slice, columns: slice) -> Planes:
        return Planes(self.red[rows, columns], self.green[rows, columns], self.blue[rows, columns])

    def brightest(self) -> NDArray[np.uint8]:
        """The greatest of the three channels of every pixel."""
        return np.maximum(np.maximum(self.red, self.green), self.blue)

    def darkest(self) -> NDArray[np.uint8]:
        """The least of the three channels of every pixel."""
        return np.minimum(np.minimum(self.red, self.green), self.blue)


@dataclass(frozen=True)
class Picture:
    """One picture as the detectors look at it; `rgb` is (height, width, 3)."""

    rgb: NDArray[np.uint8]

    @cached_property
    def whole(self) -> Planes:
        return Planes(*(self.rgb[..., channel] for channel in range(3)))

    @cached_property
    def half(self) -> Planes:
        """Every second row and column."""
        return Planes(*(np.ascontiguousarray(self.rgb[::2, ::2, channel]) for channel in range(3)))
