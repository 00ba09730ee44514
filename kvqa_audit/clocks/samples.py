"""What a text reader told of one frame, and its grey picture, come in; loose glyphs and the places of lines go out.

The glyphs are shuffled, so that no date can be put together from them; how the lines stand tells of the device alone.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kvqa_audit.clocks.written import CLOCKS, DATES, Form
from kvqa_audit.overlays.detection import Region, region_of
from kvqa_audit.privacy.reader import ReadCharacter

# Half the size of what is cut out, in pixels: letters in frames of some 500 pixels are 10 to 25 high.
HALF_HEIGHT_PX, HALF_WIDTH_PX = 16, 12
_MARGIN_PX = 32

Characters = Sequence[ReadCharacter]


@dataclass(frozen=True, slots=True)
class Glyph:
    """One character cut out of a frame, around its middle: what was read, and what may stand there.

    `of_date` tells those of a date from those of a clock.
    """

    said: str
    allowed: str
    of_date: bool
    confidence: float
    pixels: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Line:
    """One date or clock: right and down of the frame's date, and its characters right of its first, in pixels."""

    form: Form
    right: float
    down: float
    offsets: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class FrameSample:
    """What one frame tells of its device's letters.

    (`x`, `y`) is the middle of the first character of its date; `place` is around all its lines, with a wide margin.
    """

    x: float
    y: float
    lines: tuple[Line, ...]
    glyphs: tuple[Glyph, ...]
    place: Region

    @property
    def digit_px(self) -> float:
        """How far two characters of the date are apart."""
        return float(np.median(np.diff(self.lines[0].offsets)))


def written_lines(lines: Sequence[Characters]) -> list[tuple[Form, Characters]]:
    """The lines that have the shape of a date or a clock: the date first, of several the one next to a clock."""
    texts = ["".join(one.text for one in line) for line in lines]
    found = [
        (form, line)
        for line, text in zip(lines, texts, strict=True)
        for form in (*DATES, *CLOCKS)
        if form.has_shape(text)
    ]
    dates = [one for one in found if one[0].kind == "date"]
    clocks = [one for one in found if one[0].kind != "date"]
    levels = [_level(line) for _, line in clocks]
    dates.sort(key=lambda one: min((abs(_level(one[1]) - level) for level in levels), default=0.0))
    return [*dates[:1], *clocks] if dates else []


def sample_of(grey: NDArray[np.uint8], lines: Sequence[Characters]) -> FrameSample | None:
    """None where the frame has no date.

    Args:
        grey: (height, width), the picture in which the lines were read, at the same size.
    """
    found = [(form, _evened(form, line)) for form, line in written_lines(lines)]
    if not found:
        return None
    first = found[0][1]
    x, y = first[0].x, _level(first)
    placed = tuple(
        Line(
            form,
            line[0].x - x,
            _level(line) - y,
            tuple(one.x - line[0].x for one in line),
        )
        for form, line in found
    )
    glyphs = [glyph for form, line in found for glyph in _cut(grey, form, line)]
    random.shuffle(glyphs)
    return FrameSample(x, y, placed, tuple(glyphs), _place_of([line for _, line in found], grey.shape))


def _evened(form: Form, line: Characters) -> Characters:
    """The characters where digits of one width, and separators each of another, put them (least squares)."""
    widths = [{"<": ">"}.get(cell, cell) if not cell.isalpha() else "d" for cell in form.cells]
    of_width = np.array([[one == cell for one in sorted(set(widths))] for cell in widths], float)
    known = np.column_stack([np.ones(len(line)), np.cumsum(of_width, axis=0) - of_width / 2])
    places = known @ np.linalg.lstsq(known, np.array([one.x for one in line]), rcond=None)[0]
    level = _level(line)
    return [replace(one, x=float(x), y=level) for one, x in zip(line, places, strict=True)]


def _place_of(lines: Sequence[Characters], shape: tuple[int, ...]) -> Region:
    xs, ys = [one.x for line in lines for one in line], [one.y for line in lines for one in line]
    left, right, top, bottom = (
        round(edge) for edge in (min(xs) - _MARGIN_PX, max(xs) + _MARGIN_PX, min(ys) - _MARGIN_PX, max(ys) + _MARGIN_PX)
    )
    height, width = shape
    return region_of(max(0, left), max(0, top), min(width, right), min(height, bottom), shape)


def _level(line: Characters) -> float:
    return float(np.median([one.y for one in line]))


def _cut(grey: NDArray[np.uint8], form: Form, line: Characters) -> Iterator[Glyph]:
    height, width = grey.shape
    level = round(_level(line))
    padded = np.pad(grey, ((HALF_HEIGHT_PX,) * 2, (HALF_WIDTH_PX,) * 2), mode="edge")
    for place, one in enumerate(line):
        x, allowed = round(one.x), form.allowed(place)
        if not (0 <= x < width and 0 <= level < height):
            continue
        pixels = padded[level : level + 2 * HALF_HEIGHT_PX + 1, x : x + 2 * HALF_WIDTH_PX + 1]
        yield Glyph(one.text, allowed, form.kind == "date", one.confidence, pixels)
