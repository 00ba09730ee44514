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


@pytest.mark.parametrize("shape", [(1, 1), (3, 8), (9, 7), (20, 33), (2, 40_000)])
def test_field_of_view_is_what_lies_between_the_lit_pixels_of_its_row_and_of_its_column(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(sum(shape))
    for share in (0.05, 0.3, 0.9):
        lit = rng.random(shape) < share
        lit[rng.random(shape[0]) < 0.3] = False
        before, after = (np.maximum.accumulate(one, axis=1) for one in (lit, lit[:, ::-1]))
        above, below = (np.maximum.accumulate(one, axis=0) for one in (lit, lit[::-1]))
        inside = before & after[:, ::-1] & above & below[::-1]
        found = field_of_view(np.where(lit, 21, 20).astype(np.uint8))
        assert np.array_equal(found, inside if inside.mean() >= 0.05 else np.ones(shape, dtype=bool))


@pytest.mark.parametrize("shape", [(40, 31), (90, 64)])
def test_measures_are_what_their_description_says(shape: tuple[int, int]) -> None:
    grey = np.random.default_rng(8).integers(21, 256, shape, dtype=np.uint8)
    grey[:6], grey[:, :5] = 0, 0
    rows, wide = np.arange(1, shape[0], 3), grey.astype(int)
    seen = wide[[row for row in rows if row >= 6]][:, 5:]
    found = quality_of(grey)
    assert found.brightness == pytest.approx(seen.mean(), abs=1e-3)
    assert found.contrast == pytest.approx(seen.std(), abs=1e-3)
    assert found.dark_share == pytest.approx((seen < 30).mean(), abs=1e-4)
    assert found.bright_share == pytest.approx((seen >= 240).mean(), abs=1e-4)
    shares = np.unique(seen, return_counts=True)[1] / seen.size
    assert found.entropy_bits == pytest.approx(-(shares * np.log2(shares)).sum(), abs=1e-4)
    fine = coarse = pixels = 0
    for row in rows[1:-1]:
        for column in range(8, shape[1] - 3):
            if row - 3 >= 6:
                above, below, left, right = (
                    wide[row - 1, column],
                    wide[row + 1, column],
                    wide[row, column - 1],
                    wide[row, column + 1],
                )
                fine += abs(4 * wide[row, column] - above - below - left - right)
                coarse += abs(right - left) + abs(below - above)
                pixels += 1
    assert found.sharpness == pytest.approx(fine / (coarse + pixels), abs=1e-4)


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
