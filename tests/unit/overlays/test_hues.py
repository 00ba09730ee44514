"""A hue is absent only where no patch of the field of view comes near it."""

from __future__ import annotations

import numpy as np
import pytest
from drawn_frames import frame, pixels, with_rectangle

from kvqa_audit.overlays.colour import ABSENT_BELOW_SHARE, hues_of
from kvqa_audit.overlays.detection import Region
from kvqa_audit.overlays.planes import PicturePlanes

PATCH = (0.4, 0.4, 0.5, 0.5)


@pytest.mark.parametrize(
    ("hue", "colour"), [("blue", (60, 80, 190)), ("green", (70, 170, 90)), ("yellow", (220, 190, 60))]
)
def test_patch_of_a_hue_makes_it_present(hue: str, colour: tuple[int, int, int]) -> None:
    plain, patched = frame(), frame()
    with_rectangle(patched, PATCH, colour)
    assert hues_of(PicturePlanes(pixels(plain)).half)["blue"] < ABSENT_BELOW_SHARE
    assert hues_of(PicturePlanes(pixels(patched)).half)[hue] == pytest.approx(0.0115, abs=0.005)


def test_what_is_covered_does_not_count() -> None:
    image = frame()
    with_rectangle(image, PATCH, (60, 80, 190))
    covered = [Region(0.4, 0.4, 0.1, 0.1)]
    assert hues_of(PicturePlanes(pixels(image)).half, covered)["blue"] < ABSENT_BELOW_SHARE


@pytest.mark.parametrize("shape", [(1, 1, 3), (3, 400, 3), (40, 40, 3)])
def test_unlit_picture_has_no_hues(shape: tuple[int, int, int]) -> None:
    assert hues_of(PicturePlanes(np.zeros(shape, np.uint8)).whole) == {}


@pytest.mark.parametrize("shape", [(4, 4), (9, 22), (64, 83)])
def test_shares_equal_those_of_the_blocks_one_by_one(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(sum(shape))
    rgb = (rng.integers(30, 239, (*shape, 3)) if min(shape) > 4 else np.full((*shape, 3), 90)).astype(np.uint8)
    near = {"blue": 0, "green": 0, "yellow": 0}
    counted = 0
    for top in range(0, shape[0] // 4 * 4, 4):
        for left in range(0, shape[1] // 4 * 4, 4):
            block = rgb[top : top + 4, left : left + 4].reshape(16, 3).astype(int)
            brightest = block.max(axis=1)
            if brightest.min() < 35 or brightest.max() > 235:
                continue
            counted += 1
            red, green, blue = ((block.sum(axis=0) + 8) // 16 + 1.0).tolist()
            near["blue"] += np.log(blue / red) >= -0.35
            near["green"] += np.log(green / red) >= -0.2
            near["yellow"] += np.log(green / red) - np.log(blue / red) >= 0.4
    assert counted
    before = rgb.copy()
    for planes in (PicturePlanes(rgb).whole, PicturePlanes(np.repeat(np.repeat(rgb, 2, axis=0), 2, axis=1)).half):
        assert hues_of(planes) == pytest.approx({hue: number / counted for hue, number in near.items()}, abs=1e-5)
    assert np.array_equal(rgb, before)
