"""The pixels of one picture come in; its colour planes, whole and at half size, go out, each worked out once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Planes:
    """Red, green and blue as three planes: `channels` is (3, height, width)."""

    channels: NDArray[np.uint8]

    @property
    def shape(self) -> tuple[int, int]:
        _, height, width = self.channels.shape
        return height, width

    def part(self, rows: slice, columns: slice) -> Planes:
        return Planes(self.channels[:, rows, columns])

    def brightest(self) -> NDArray[np.uint8]:
        """The greatest of the three channels of every pixel."""
        red, green, blue = self.channels
        values: NDArray[np.uint8] = np.maximum(np.maximum(red, green), blue)
        return values

    def darkest(self) -> NDArray[np.uint8]:
        """The least of the three channels of every pixel."""
        red, green, blue = self.channels
        values: NDArray[np.uint8] = np.minimum(np.minimum(red, green), blue)
        return values


@dataclass(frozen=True)
class Picture:
    """One picture as the detectors look at it; `rgb` is (height, width, 3)."""

    rgb: NDArray[np.uint8]

    @cached_property
    def whole(self) -> Planes:
        return Planes(self.rgb.transpose(2, 0, 1))

    @cached_property
    def half(self) -> Planes:
        """Every second row and column; a plane that lies by itself is read far faster than one among others."""
        return Planes(np.ascontiguousarray(self.rgb[::2, ::2].transpose(2, 0, 1)))
