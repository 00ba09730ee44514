"""A hue is absent only where no patch of the field of view comes near it."""

from __future__ import annotations

import numpy as np
import pytest
from drawn_frames import frame, pixels, with_rectangle

from kvqa_audit.overlays.colour import ABSENT_BELOW_SHARE, hues_of
from kvqa_audit.overlays.planes import Picture
from kvqa_audit.overlays.sighting import Region

PATCH = (0.4, 0.4, 0.5, 0.5)


@pytest.mark.parametrize(
    ("hue", "colour"), [("blue", (60, 80, 190)), ("green", (70, 170, 90)), ("yellow", (220, 190, 60))]
)
def test_patch_of_a_hue_makes_it_present(hue: str, colour: tuple[int, int, int]) -> None:
    plain, patched = frame(), frame()
    with_rectangle(patched, PATCH, colour)
    assert hues_of(Picture(pixels(plain)).half)["blue"] < ABSENT_BELOW_SHARE
    assert hues_of(Picture(pixels(patched)).half)[hue] == pytest.approx(0.0115, abs=0.005)


def test_what_is_covered_does_not_count() -> None:
    image = frame()
    with_rectangle(image, PATCH, (60, 80, 190))
    covered = [Region(0.4, 0.4, 0.1, 0.1)]
    assert hues_of(Picture(pixels(image)).half, covered)["blue"] < ABSENT_BELOW_SHARE


@pytest.mark.parametrize("shape", [(1, 1, 3), (3, 400, 3), (40, 40, 3)])
def test_unlit_picture_has_no_hues(shape: tuple[int, int, int]) -> None:
    assert hues_of(Picture(np.zeros(shape, np.uint8)).whole) == {}
