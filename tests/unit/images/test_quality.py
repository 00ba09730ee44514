"""What quality metrics are to tell, whatever the surround."""

from __future__ import annotations

import numpy as np
import pytest
from pictures import encoded, frame
from PIL import Image, ImageFilter

from kvqa_audit.images.decode import decode
from kvqa_audit.images.quality import (
    BLURRY_BELOW_SHARPNESS,
    BRIGHT_ABOVE_SHARE,
    DARK_BELOW_BRIGHTNESS,
    FLAT_BELOW_ENTROPY_BITS,
    Quality,
    field_of_view,
    quality_of,
)


def of(picture: Image.Image) -> Quality:
    grey = decode(encoded(picture, quality=95)).grey
    assert grey is not None
    return quality_of(grey)


def padded(picture: Image.Image, border_px: int) -> Image.Image:
    wide = Image.new("RGB", (picture.width + 2 * border_px, picture.height + 2 * border_px))
    wide.paste(picture, (border_px, border_px))
    return wide


def test_black_surround_does_not_darken_the_picture() -> None:
    alone, surrounded = of(frame(576, 576)), of(padded(frame(576, 576), 200))
    assert surrounded.brightness == pytest.approx(alone.brightness, rel=0.05)
    assert surrounded.entropy_bits == pytest.approx(alone.entropy_bits, rel=0.05)


def test_field_of_view_is_the_disc() -> None:
    rows, columns = np.mgrid[:200, :240]
    disc = np.hypot(rows - 100, columns - 120) < 80
    dark_spot = np.hypot(rows - 100, columns - 120) < 20
    grey = np.where(disc & ~dark_spot, 120, 2).astype(np.uint8)
    assert (field_of_view(grey) == disc).mean() > 0.99


def test_edge_of_the_surround_is_no_sharpness() -> None:
    rows, columns = np.mgrid[:200, :240]
    disc = np.hypot(rows - 100, columns - 120) < 80
    assert quality_of(np.where(disc, 120, 2).astype(np.uint8)).sharpness == 0


def test_where_hardly_anything_is_lit_the_frame_as_a_whole_is_seen() -> None:
    grey = np.zeros((144, 180), dtype=np.uint8)
    grey[10:14, 10:14] = 200
    assert field_of_view(grey).all()


def test_blur_lowers_sharpness_and_contrast_does_not() -> None:
    sharp = frame(576, 576)
    values = [of(sharp.filter(ImageFilter.GaussianBlur(radius))).sharpness for radius in (0, 3, 6, 12)]
    assert values == sorted(values, reverse=True)
    assert values[0] > BLURRY_BELOW_SHARPNESS > values[2]
    pale = sharp.point(lambda value: value * 0.8 + 30 if value > 20 else value)
    assert of(pale).sharpness > BLURRY_BELOW_SHARPNESS


def test_dark_bright_and_flat_pictures_are_beyond_their_limits() -> None:
    assert of(Image.new("RGB", (300, 300))).brightness < DARK_BELOW_BRIGHTNESS
    assert of(Image.new("RGB", (300, 300), (255, 255, 255))).bright_share > BRIGHT_ABOVE_SHARE
    assert of(Image.new("RGB", (300, 300), (120, 80, 70))).entropy_bits < FLAT_BELOW_ENTROPY_BITS
    fine = of(frame())
    assert fine.brightness > DARK_BELOW_BRIGHTNESS
    assert fine.bright_share < BRIGHT_ABOVE_SHARE
    assert fine.entropy_bits > FLAT_BELOW_ENTROPY_BITS


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (2, 2), (300, 1), (5, 5)])
@pytest.mark.parametrize("level", [0, 15, 128, 255])
def test_any_shape_is_measured(shape: tuple[int, int], level: int) -> None:
    found = quality_of(np.full(shape, level, dtype=np.uint8))
    assert found.brightness == level
    assert found.entropy_bits == 0
    assert all(np.isfinite(value) for value in (found.sharpness, found.contrast, found.dark_share, found.bright_share))
