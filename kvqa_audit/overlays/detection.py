"""The nouns of this package: a region of a picture, what a detector saw, and all that was seen in one image."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Region:
    """A rectangle, in shares of the picture's width and height; `x` and `y` are its upper left corner."""

    x: float
    y: float
    width: float
    height: float

    def as_json(self) -> dict[str, float]:
        return {"x": self.x, "y": self.y, "width": self.width, "height": self.height}


@dataclass(frozen=True, slots=True)
class Detection:
    """What one detector says: how sure it is that the thing is there, 0 to 1 (0.5 is undecided), and where."""

    confidence: float
    regions: tuple[Region, ...] = ()

    @property
    def is_seen(self) -> bool:
        return self.confidence >= 0.5


@dataclass(frozen=True, slots=True)
class ImageOverlays:
    """What was seen in one image.

    `hues` maps a colour to the share of the field of view that has it, for the colours that can be told apart.
    Where the picture could not be looked at, `problem` says why and the rest is None or empty.
    """

    img_id: str
    box: Detection | None = None
    text: Detection | None = None
    hues: Mapping[str, float] = field(default_factory=dict)
    problem: str | None = None


def things_seen(overlays: Iterable[ImageOverlays]) -> dict[str, tuple[str, ...]]:
    """What was seen in each image, in words: a box or no box, text or no text."""
    return {
        image.img_id: tuple(
            thing if detection.is_seen else f"no {name}"
            for name, thing, detection in (("box", "a box", image.box), ("text", "text", image.text))
            if detection is not None
        )
        for image in overlays
    }


def region_of(left: int, top: int, right: int, bottom: int, shape: tuple[int, ...]) -> Region:
    """The region between pixel columns left…right and rows top…bottom (ends excluded) of a picture of this shape."""
    height, width = shape[:2]
    return Region(
        round(left / width, 4),
        round(top / height, 4),
        round((right - left) / width, 4),
        round((bottom - top) / height, 4),
    )


def ramp(value: float, low: float, high: float) -> float:
    """0 at `low` and below, 1 at `high` and above, a straight line between."""
    return min(1.0, max(0.0, (value - low) / (high - low)))
