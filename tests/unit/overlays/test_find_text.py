"""Lines of text are seen on the surround and over tissue, and highlights are no text."""

from __future__ import annotations

import numpy as np
import pytest
from drawn_frames import frame, pixels, with_highlights, with_lines, with_rectangle
from PIL import Image, ImageDraw, ImageFont

from kvqa_audit.overlays.planes import PicturePlanes
from kvqa_audit.overlays.text import find_text


@pytest.mark.parametrize("seed", range(3))
def test_plain_tissue_holds_no_text(seed: int) -> None:
    assert find_text(PicturePlanes(pixels(frame(seed=seed)))).confidence < 0.2


@pytest.mark.parametrize("seed", range(4))
def test_highlights_are_no_text(seed: int) -> None:
    image = frame(seed=seed)
    with_highlights(image, 60, seed)
    assert not find_text(PicturePlanes(pixels(image))).is_seen


@pytest.mark.parametrize("grain", [8, 14, 25])
@pytest.mark.parametrize("size", [(400, 320), (640, 530), (900, 700)])
def test_grain_of_the_picture_is_no_text(size: tuple[int, int], grain: int) -> None:
    rng = np.random.default_rng(grain)
    ground = rng.integers(40, 220, (6, 8, 3), dtype=np.uint8)
    smooth = np.asarray(Image.fromarray(ground).resize(size, Image.Resampling.BICUBIC)).astype(int)
    grainy = Image.fromarray(np.clip(smooth + rng.integers(-grain, grain + 1, smooth.shape), 0, 255).astype(np.uint8))
    assert not find_text(PicturePlanes(pixels(grainy))).is_seen
    with_lines(grainy)
    assert find_text(PicturePlanes(pixels(grainy))).is_seen


@pytest.mark.parametrize("at", [(2, 150), (40, 60), (480, 200)], ids=["left edge", "upper left", "right"])
def test_burned_in_lines_are_seen_where_they_are(at: tuple[int, int]) -> None:
    image = frame()
    with_lines(image, at)
    seen = find_text(PicturePlanes(pixels(image)))
    assert seen.is_seen
    for region in seen.regions:
        assert at[0] / image.width - 0.02 <= region.x
        assert region.x + region.width <= (at[0] + 120) / image.width
        assert at[1] / image.height - 0.02 <= region.y <= (at[1] + 110) / image.height


def test_text_on_a_black_surround_is_seen() -> None:
    image = frame()
    with_rectangle(image, (0.0, 0.0, 0.25, 1.0), (0, 0, 0))
    with_lines(image)
    assert find_text(PicturePlanes(pixels(image))).confidence > 0.9


def test_grey_text_on_a_glaring_patch_is_seen() -> None:
    image = frame()
    with_rectangle(image, (0.0, 0.2, 0.3, 0.7), (255, 250, 240))
    with_lines(image, colour=(205, 205, 205))
    assert find_text(PicturePlanes(pixels(image))).is_seen


def test_two_short_words_on_one_level_away_from_the_edge_are_text() -> None:
    image = frame()
    draw = ImageDraw.Draw(image)
    for left in (380, 470):
        draw.text((left, 60), "AGE", fill=(225, 225, 225), font=ImageFont.load_default(15))
    seen = find_text(PicturePlanes(pixels(image)))
    assert seen.is_seen
    assert {round(region.y, 1) for region in seen.regions} == {0.1}


def test_letter_like_leftovers_make_absence_less_sure() -> None:
    plain, spotted = frame(), frame()
    with_highlights(spotted, 60)
    assert (
        find_text(PicturePlanes(pixels(plain))).confidence < find_text(PicturePlanes(pixels(spotted))).confidence < 0.5
    )


@pytest.mark.parametrize("shape", [(1, 1, 3), (64, 64, 3), (65, 900, 3), (900, 65, 3)])
def test_noise_and_flat_pictures_of_any_size_are_survived(shape: tuple[int, int, int]) -> None:
    rng = np.random.default_rng(5)
    assert not find_text(PicturePlanes(np.zeros(shape, np.uint8))).is_seen
    assert 0.0 <= find_text(PicturePlanes(rng.integers(0, 256, shape, dtype=np.uint8))).confidence <= 1.0
