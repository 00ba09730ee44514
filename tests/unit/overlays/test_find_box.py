"""Boxes in the lower corners are seen where they are, and the frame's own black corners are none."""

from __future__ import annotations

import numpy as np
import pytest
from drawn_frames import frame, pixels, with_highlights, with_lines, with_rectangle
from PIL import ImageOps

from kvqa_audit.overlays.box import find_box
from kvqa_audit.overlays.planes import PicturePlanes

BLACK, GREEN = (0, 0, 0), (0, 190, 140)


@pytest.mark.parametrize("seed", range(4))
def test_black_corners_of_an_octagon_are_no_box(seed: int) -> None:
    image = frame(seed=seed)
    with_lines(image)
    with_highlights(image, 40, seed)
    assert not find_box(PicturePlanes(pixels(image))).is_seen


@pytest.mark.parametrize("box", [(0.0, 0.7, 0.33, 1.0), (0.0, 0.82, 0.22, 1.0), (0.0, 0.6, 0.12, 1.0)])
@pytest.mark.parametrize("side", ["left", "right"])
def test_black_rectangle_in_a_lower_corner_is_a_box(box: tuple[float, float, float, float], side: str) -> None:
    image = frame()
    with_rectangle(image, box, BLACK)
    if side == "right":
        image = ImageOps.mirror(image)
        box = (1.0 - box[2], box[1], 1.0 - box[0], box[3])
    seen = find_box(PicturePlanes(pixels(image)))
    assert seen.is_seen
    region = seen.regions[0]
    found = (region.x, region.y, region.x + region.width, region.y + region.height)
    assert found == pytest.approx(box, abs=0.02)


def test_green_inset_is_a_box_wherever_it_lies_in_the_lower_half() -> None:
    image = frame()
    with_rectangle(image, (0.05, 0.7, 0.3, 0.92), GREEN)
    seen = find_box(PicturePlanes(pixels(image)))
    assert seen.confidence > 0.9
    region = seen.regions[0]
    assert (region.x, region.y, region.width, region.height) == pytest.approx((0.05, 0.7, 0.25, 0.22), abs=0.02)


def test_green_tissue_is_no_inset() -> None:
    rng = np.random.default_rng(3)
    picture = pixels(frame()).astype(int)
    spots = rng.random(picture.shape[:2]) < 0.05
    picture[spots] = (40, 150, 60)
    assert not find_box(PicturePlanes(picture.astype(np.uint8))).is_seen


def test_dark_lumen_in_a_corner_is_no_box() -> None:
    picture = pixels(frame()).astype(float)
    y, x = np.mgrid[0 : picture.shape[0], 0 : picture.shape[1]]
    distance = np.hypot(x - 120, y - 420)
    picture *= np.clip((distance - 60) / 60, 0, 1)[..., None]
    assert not find_box(PicturePlanes(picture.astype(np.uint8))).is_seen


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 500, 3), (500, 1, 3), (127, 128, 3), (128, 128, 3), (130, 900, 3)])
@pytest.mark.parametrize("value", [0, 255])
def test_flat_pictures_of_any_size_hold_no_box(shape: tuple[int, int, int], value: int) -> None:
    assert not find_box(PicturePlanes(np.full(shape, value, np.uint8))).is_seen


def test_notch_beside_the_frames_corner_is_a_hint_and_no_box() -> None:
    image = frame()
    with_rectangle(image, (0.0, 0.86, 0.135, 1.0), BLACK)
    assert 0.2 < find_box(PicturePlanes(pixels(image))).confidence < 0.5
    assert find_box(PicturePlanes(pixels(frame()))).confidence < 0.1
