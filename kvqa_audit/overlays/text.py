"""One picture comes in; how sure it is that letters were burned into it, and where the lines are, go out.

Letters are small bright shapes of one height and one brightness, set on a level line; highlights on wet tissue are
bright and small as well, but differ in height and are not set in rows. So: a white top-hat of the darkest channel
(tissue is never bright in all three, letters are), its connected shapes, and the level runs of like shapes among them
(after Matas' extremal regions and Epshtein's stroke width, with far simpler shapes). Letters over a glaring patch are
darker than it, so the inverted picture is tried last.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kvqa_audit.overlays.connected import connected_shapes, pairs_between, roots_of
from kvqa_audit.overlays.detection import Detection, ramp, region_of
from kvqa_audit.overlays.planes import PicturePlanes, Planes
from kvqa_audit.overlays.top_hat import brightest_near, top_hat

_UNITS = (530.0, 640.0)
_TOP_HAT_UNITS = 13.0
_HEIGHT_UNITS = (6.4, 20.0)
_EDGE_SHARE = 0.42
_SURE_SCORE = 3.0
_MARGIN_SHARE = 0.2
_OFF_MARGIN_WEIGHT = 0.6
_FAR_FETCHED_WEIGHT = 0.8
_MAX_SHAPES = 600
_GLARE_ABOVE = 190
_LETTER_AT_LEAST = 150
_TEXTURE_TIMES = 2.5


@dataclass(frozen=True, slots=True)
class _Shapes:
    """Bright shapes that may be letters: edges in pixels, mean brightness, and how many letters each may hold."""

    left: NDArray[np.int64]
    right: NDArray[np.int64]
    top: NDArray[np.int64]
    bottom: NDArray[np.int64]
    brightness: NDArray[np.float64]
    letters: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Line:
    shapes: int
    letters: int
    left: int
    right: int
    top: int
    bottom: int

    def moved(self, columns: int) -> _Line:
        return replace(self, left=self.left + columns, right=self.right + columns)

    @property
    def strength(self) -> float:
        """What it counts: two shapes side by side happen by chance, four hardly."""
        if self.shapes == 2:
            return 0.4
        return self.shapes - 1.4 + 0.3 * min(self.letters - self.shapes, self.shapes)


def find_text(picture: PicturePlanes) -> Detection:
    """Looks for lines of text: at the left edge, where devices write, and with more reserve everywhere else.

    Args:
        picture: 400 to 800 pixels high, so that a letter keeps its strokes.
    """
    height, width = picture.whole.shape
    if min(height, width) < 64:
        return Detection(0.0)
    unit = max(height / _UNITS[0], width / _UNITS[1])
    score, lines, letter_like = 0.0, list[_Line](), 0
    start = int(_EDGE_SHARE * width)
    edge, rest = (picture.whole.part(slice(None), columns) for columns in (slice(start), slice(start, None)))
    for shapes, found, weight in _readings(edge, rest, unit):
        letter_like = max(letter_like, _letter_like(shapes, width))
        found_score = weight * _score(found, width)
        if found_score > score:
            score, lines = found_score, found
        if score >= _SURE_SCORE:
            break
    regions = tuple(region_of(one.left, one.top, one.right, one.bottom, (height, width)) for one in lines)
    if score >= _SURE_SCORE:
        return Detection(_confidence(score, 0.0), regions)
    doubt = max(letter_like / (letter_like + 10.0), _glare_at_margin(edge.darkest, width))
    return Detection(_confidence(score, doubt), regions)


def _confidence(score: float, doubt: float) -> float:
    """0.5 at the score of one short line; `doubt`, 0 to 1, keeps absence from being sure."""
    seen = 0.5 * ramp(score, 0.0, 1.5) + 0.4 * ramp(score, 1.5, 5.0) + 0.1 * ramp(score, 5.0, 30.0)
    return round(max(seen, 0.45 * doubt), 4)


def _glare_at_margin(darkest: NDArray[np.uint8], width: int) -> float:
    """0 to 1: how much of the place where devices write is so bright that letters may drown in it."""
    height = darkest.shape[0]
    margin = darkest[height // 8 : height * 5 // 8 : 2, : int(_MARGIN_SHARE * width) : 2]
    return ramp(float((margin >= _LETTER_AT_LEAST).mean()), 0.05, 0.5)


def _letter_like(shapes: _Shapes | None, width: int) -> int:
    """How many shapes at the margin are no wider than a letter."""
    if shapes is None:
        return 0
    narrow = shapes.right - shapes.left <= 1.5 * (shapes.bottom - shapes.top)
    return int((narrow & (shapes.left <= _MARGIN_SHARE * width)).sum())


def _score(lines: list[_Line], width: int) -> float:
    margin = _MARGIN_SHARE * width
    return sum(line.strength * (1.0 if line.left <= margin else _OFF_MARGIN_WEIGHT) for line in lines)


def _readings(edge: Planes, rest: Planes, unit: float) -> Iterator[tuple[_Shapes | None, list[_Line], float]]:
    """Ever more far-fetched ways to read the picture, each with its weight; the caller stops at a convincing one."""
    size = round(_TOP_HAT_UNITS * unit) | 1
    darkest = edge.darkest
    raised = top_hat(darkest, size)
    least = _above_texture(raised)
    for height, diagonal in ((50, True), (36, False), (80, False)):
        shapes = _shapes(raised >= max(height, least), darkest, unit, diagonal=diagonal)
        yield shapes, _lines(shapes, unit), 1.0
    shapes = _shapes((raised >= max(22, least)) & (darkest >= _LETTER_AT_LEAST), darkest, unit)
    yield shapes, _lines(shapes, unit), _FAR_FETCHED_WEIGHT
    brightest = edge.brightest
    sunk = top_hat(255 - brightest, size)
    least = _above_texture(sunk)
    sunk *= brightest_near(brightest, size) >= _GLARE_ABOVE
    for depth in (16, 10):
        yield None, _lines(_shapes(sunk >= max(depth, least), brightest, unit), unit), _FAR_FETCHED_WEIGHT
    start, darkest = edge.shape[1], rest.darkest
    raised = top_hat(darkest, size)
    least = _above_texture(raised)
    found = [line for line in _lines(_shapes(raised >= max(60, least), darkest, unit), unit) if line.shapes >= 4]
    yield None, [line.moved(start) for line in found], 1.0
    found = _companions(_lines(_shapes(raised >= max(36, least), darkest, unit, diagonal=True), unit), unit)
    yield None, [line.moved(start) for line in found], 1.0


def _above_texture(raised: NDArray[np.uint8]) -> float:
    """How much a letter has to rise at least in this picture: more than twice as much as its grain and texture do."""
    return _TEXTURE_TIMES * float(np.median(raised[::4, ::4]))


def _companions(lines: list[_Line], unit: float) -> list[_Line]:
    """The lines of three shapes and more that have another such line on their level, or below at the same margin."""
    long = [line for line in lines if line.shapes >= 3]
    return [one for one in long if any(other is not one and _belong(one, other, unit) for other in long)]


def _belong(one: _Line, other: _Line, unit: float) -> bool:
    high = max(one.bottom - one.top, other.bottom - other.top)
    down, across = abs(one.top - other.top), abs(one.left - other.left)
    as_high = abs(down - abs(one.bottom - other.bottom)) <= 2 * unit
    level = down <= 1.6 * unit and across <= 12 * high
    stacked = across <= 4 * unit and down <= 4 * high
    return as_high and (level or stacked)


def _shapes(
    mask: NDArray[np.bool_], values: NDArray[np.uint8], unit: float, *, diagonal: bool = False
) -> _Shapes | None:
    found = connected_shapes(mask, diagonal=diagonal)
    high, wide = found.bottom - found.top, found.right - found.left
    tall = (high >= _HEIGHT_UNITS[0] * unit) & (high <= _HEIGHT_UNITS[1] * unit)
    kept = np.flatnonzero(tall & (wide <= 7 * high) & (found.area >= 0.2 * high * wide))[:_MAX_SHAPES]
    if kept.size < 2:
        return None
    letters = np.maximum(1.0, np.rint(wide[kept] / (0.75 * high[kept])))
    edges = (found.left[kept], found.right[kept], found.top[kept], found.bottom[kept])
    return _Shapes(*edges, found.mean_of(values, kept), letters)


def _lines(shapes: _Shapes | None, unit: float) -> list[_Line]:
    """Runs of shapes side by side: top and bottom level, as bright, and no further apart than a letter is high."""
    if shapes is None:
        return []
    one, other = _linked(shapes, unit)
    if not one.size:
        return []
    groups = roots_of(shapes.top.size, one, other)
    sizes, letters = np.bincount(groups), np.bincount(groups, weights=shapes.letters)
    left, right, top, bottom = shapes.left.copy(), shapes.right.copy(), shapes.top.copy(), shapes.bottom.copy()
    for values, pick in ((left, np.minimum), (right, np.maximum), (top, np.minimum), (bottom, np.maximum)):
        pick.at(values, groups, values.copy())
    long = ((sizes >= 2) & (letters >= 3)).nonzero()[0]
    columns = (values[long].astype(np.intp).tolist() for values in (sizes, letters, left, right, top, bottom))
    return [_Line(*line) for line in zip(*columns, strict=True)]


def _linked(shapes: _Shapes, unit: float) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The pairs of shapes that follow each other in a line."""
    order = np.argsort(shapes.top)
    tops = shapes.top[order]
    level = tops.searchsorted(tops + 1.6 * unit, "right")
    one, other = (order[side] for side in pairs_between(np.arange(1, tops.size + 1), level))
    gap = np.maximum(shapes.left[other] - shapes.right[one], shapes.left[one] - shapes.right[other])
    high = shapes.bottom - shapes.top
    linked = (
        (abs(shapes.bottom[one] - shapes.bottom[other]) <= 1.6 * unit)
        & (gap >= -1)
        & (gap <= 1.1 * np.maximum(high[one], high[other]))
        & (abs(shapes.brightness[one] - shapes.brightness[other]) <= 45)
    )
    return one[linked], other[linked]
