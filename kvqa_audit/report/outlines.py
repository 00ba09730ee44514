"""The regions of a finding's evidence, whatever they are, come in; rectangles to draw around them go out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

MAX_OUTLINES = 40
_MARGIN = 0.008
_LINE_GAP = 0.025


@dataclass(frozen=True, slots=True)
class Outline:
    """A rectangle in shares of the picture's width and height, a little larger than what it goes around."""

    x: float
    y: float
    width: float
    height: float


def outlines_of(regions: object) -> tuple[Outline, ...]:
    """At most 40 rectangles; none where the evidence is not a list of regions."""
    if not isinstance(regions, list):
        return ()
    outlines = [_outline(region) for region in regions[:MAX_OUTLINES]]
    return _blocks([one for one in outlines if one is not None])


def share_or_none(value: object) -> float | None:
    """The value as a number from 0 to 1; None where it is none."""
    number = finite(value)
    return number if number is not None and 0 <= number <= 1 else None


def finite(value: object) -> float | None:
    """The value as a number of a sane size; None where it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e9:
        return None
    return float(value)


def _outline(region: object) -> Outline | None:
    """The part of a region that lies in the picture, with a margin so that the line hides nothing of it."""
    if not isinstance(region, Mapping):
        return None
    x, y, width, height = (finite(region.get(name)) for name in ("x", "y", "width", "height"))
    if x is None or y is None or width is None or height is None:
        return None
    left, top = max(_MARGIN, x - _MARGIN), max(_MARGIN, y - _MARGIN)
    right, bottom = min(1 - _MARGIN, x + width + _MARGIN), min(1 - _MARGIN, y + height + _MARGIN)
    if right <= left or bottom <= top:
        return None
    return Outline(round(left, 4), round(top, 4), round(right - left, 4), round(bottom - top, 4))


def _blocks(outlines: list[Outline]) -> tuple[Outline, ...]:
    """Outlines that touch or lie closely one above the other, such as those of the lines of one text, as one."""
    blocks: list[Outline] = []
    for outline in outlines:
        block = outline
        while touched := [one for one in blocks if _belong(one, block)]:
            blocks = [one for one in blocks if one not in touched]
            block = _around([block, *touched])
        blocks.append(block)
    return tuple(blocks)


def _belong(one: Outline, other: Outline) -> bool:
    return (
        one.x <= other.x + other.width
        and other.x <= one.x + one.width
        and one.y <= other.y + other.height + _LINE_GAP
        and other.y <= one.y + one.height + _LINE_GAP
    )


def _around(outlines: list[Outline]) -> Outline:
    left, top = min(one.x for one in outlines), min(one.y for one in outlines)
    right, bottom = max(one.x + one.width for one in outlines), max(one.y + one.height for one in outlines)
    return Outline(left, top, round(right - left, 4), round(bottom - top, 4))
