"""Letters are learned from drawn frames of which a reader got many wrong, and read what it did not."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from kvqa_audit.clocks.find import find_clocks
from kvqa_audit.clocks.fonts import LEAST_GLYPHS, Font, labels_in_doubt, learn_fonts
from kvqa_audit.clocks.samples import FrameSample, sample_of
from kvqa_audit.privacy.reader import ReadCharacter

PITCH, SIZE = 13, (320, 240)
Lines = tuple[str, ...]
Pixels = NDArray[np.uint8]


def lines_of(chance: random.Random) -> Lines:
    day, month, year = chance.randint(1, 28), chance.randint(1, 12), chance.randint(2001, 2024)
    clocks = (chance.randint(25_000, 60_000), chance.randint(0, 4_000))
    return (
        f"{day:02}/{month:02}/{year}",
        *(f"{one // 3600:02}:{one // 60 % 60:02}:{one % 60:02}" for one in clocks),
    )


def drawn(lines: Lines, seed: int) -> Pixels:
    """A grey frame; each character has a cell of its own, as devices write them."""
    rows, columns = np.mgrid[0 : SIZE[1], 0 : SIZE[0]]
    ground = 110 + 50 * np.sin(columns / 40 + seed) * np.cos(rows / 35 + 3 * seed)
    noisy = ground + np.random.default_rng(seed).normal(0, 6, ground.shape)
    picture = Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))
    for line, text in enumerate(lines):
        for place, character in enumerate(text):
            x, y = middle(line, place)
            ImageDraw.Draw(picture).text((x, y), character, fill=235, font=ImageFont.load_default(18), anchor="mm")
    return np.asarray(picture.filter(ImageFilter.GaussianBlur(0.5)))


def middle(line: int, place: int) -> tuple[int, int]:
    return 20 + PITCH * place, (60, 84, 132)[line]


def with_hidden(frame: Pixels, place: int) -> Pixels:
    """The frame with light on one character of the date."""
    x, y = middle(0, place)
    lit = frame.copy()
    lit[y - 8 : y + 9, x - 5 : x + 6] = 250
    return lit


def misread(lines: Lines, chance: random.Random) -> list[list[ReadCharacter]]:
    """As a reader that takes most 2s for 7s gives them, and is sure of it; places are a little off."""
    return [
        [
            ReadCharacter("7" if one == "2" and chance.random() < 0.7 else one, 0.99, x + chance.uniform(-1, 1), y)
            for place, one in enumerate(text)
            for x, y in [middle(line, place)]
        ]
        for line, text in enumerate(lines)
    ]


@pytest.fixture(scope="module")
def samples() -> list[FrameSample]:
    chance, found = random.Random(4), list[FrameSample]()
    for seed in range(40):
        lines = lines_of(chance)
        sample = sample_of(drawn(lines, seed), misread(lines, chance))
        assert sample is not None
        found.append(sample)
    return found


@pytest.fixture(scope="module")
def fonts(samples: Sequence[FrameSample]) -> tuple[Font, ...]:
    return learn_fonts(samples)


def test_a_label_is_doubted_where_the_reader_was_caught(samples: Sequence[FrameSample]) -> None:
    doubted = labels_in_doubt([glyph for sample in samples for glyph in sample.glyphs])
    assert ("7", "2") in doubted
    assert {said for said, _ in doubted} == {"7"}


def test_one_font_is_learned_and_where_it_writes(fonts: tuple[Font, ...]) -> None:
    (font,) = fonts
    assert font.is_complete
    assert [round(line.down) for line in font.clocks] == [24, 72]
    assert font.digit_px == pytest.approx(PITCH, abs=0.5)


@pytest.mark.ocr
def test_what_the_reader_got_wrong_is_read_right(fonts: tuple[Font, ...]) -> None:
    chance, certain = random.Random(9), 0
    for seed in range(100, 120):
        lines = lines_of(chance)
        found = find_clocks(drawn(lines, seed), fonts)
        assert found is not None
        read = (found[1].date, *found[1].clocks)
        assert tuple(one.text for one in read) == lines
        certain += sum(one.is_certain for one in read)
    assert certain > 30


@pytest.mark.ocr
def test_a_hidden_digit_is_never_certain_and_wrong(fonts: tuple[Font, ...]) -> None:
    chance, certain = random.Random(10), 0
    for seed in range(200, 230):
        lines = lines_of(chance)
        found = find_clocks(with_hidden(drawn(lines, seed), chance.choice((0, 1, 3, 4, 8, 9))), fonts)
        if found is not None and found[1].date.is_certain:
            certain += 1
            assert found[1].date.text == lines[0]
    assert certain < 30


@pytest.mark.ocr
def test_a_frame_without_a_clock_has_none(fonts: tuple[Font, ...]) -> None:
    for seed in range(300, 310):
        found = find_clocks(drawn((), seed), fonts)
        assert found is None or not found[1].date.is_certain


@pytest.mark.ocr
@pytest.mark.parametrize("place", [2, 5, 6])
def test_light_on_what_can_be_nothing_else_leaves_a_date_certain(fonts: tuple[Font, ...], place: int) -> None:
    """A separator, or the first digit of the year."""
    chance, certain = random.Random(11), 0
    for seed in range(400, 410):
        lines = lines_of(chance)
        found = find_clocks(with_hidden(drawn(lines, seed), place), fonts)
        assert found is not None
        assert found[1].date.text == lines[0]
        certain += found[1].date.is_certain
    assert certain >= 7


@pytest.mark.ocr
@pytest.mark.parametrize("down", [-25, 30])
def test_a_date_is_found_where_none_of_the_font_was_seen(fonts: tuple[Font, ...], down: int) -> None:
    chance, found = random.Random(12), list[bool]()
    for seed in range(500, 505):
        lines = lines_of(chance)
        one = find_clocks(np.roll(drawn(lines, seed), down, axis=0), fonts)
        found.append(one is not None and one[1].date.is_certain and one[1].date.text == lines[0])
    assert sum(found) >= 4


@pytest.mark.ocr
def test_a_letter_of_few_glyphs_is_no_evidence(fonts: tuple[Font, ...]) -> None:
    """Each of the dates has a number that is one of these letters or differs from one of them in a digit."""
    few = replace(fonts[0].letters, seen={**fonts[0].letters.seen, "1": LEAST_GLYPHS - 1, "2": LEAST_GLYPHS - 1})
    unsure = replace(fonts[0], letters=few)
    chance = random.Random(13)
    for seed in range(600, 605):
        lines = lines_of(chance)
        frame = drawn(lines, seed)
        sure, doubtful = (find_clocks(frame, (font,)) for font in (fonts[0], unsure))
        assert sure is not None
        assert doubtful is not None
        assert sure[1].date.is_certain
        assert not doubtful[1].date.is_certain
        assert doubtful[1].date.is_doubtful
        assert doubtful[1].date.text == lines[0]
