"""Extreme channels are the same however a picture lies in memory; half a picture is every second row and column."""

from __future__ import annotations

import numpy as np
import pytest

from kvqa_audit.overlays.planes import PicturePlanes, Planes


def noise(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(height + width).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (7, 1), (30, 41)])
def test_extreme_channels_equal_those_of_every_pixel(shape: tuple[int, int]) -> None:
    rgb = noise(*shape)
    apart = Planes(np.ascontiguousarray(rgb.transpose(2, 0, 1)))
    for planes in (PicturePlanes(rgb).whole, apart):
        assert np.array_equal(planes.brightest, rgb.max(axis=2))
        assert np.array_equal(planes.darkest, rgb.min(axis=2))


@pytest.mark.parametrize("columns", [slice(0, 17), slice(17, None), slice(5, 5), slice(None, None, 2)])
def test_extreme_channels_of_a_part_are_those_of_its_pixels(columns: slice) -> None:
    rgb = noise(30, 41)
    part = PicturePlanes(rgb).whole.part(slice(3, 20), columns)
    assert np.array_equal(part.brightest, rgb[3:20, columns].max(axis=2))
    assert np.array_equal(part.darkest, rgb[3:20, columns].min(axis=2))


def test_looking_at_a_picture_leaves_its_pixels_alone() -> None:
    rgb = noise(20, 22)
    before = rgb.copy()
    picture = PicturePlanes(rgb)
    picture.whole.darkest[:] = 0
    picture.half.channels[:] = 0
    assert np.array_equal(rgb, before)


def test_half_a_picture_is_every_second_row_and_column() -> None:
    rgb = noise(9, 12)
    assert np.array_equal(PicturePlanes(rgb).half.channels, rgb[::2, ::2].transpose(2, 0, 1))
