"""What the page says comes in; which pictures it needs, how large, and where each goes within a budget, go out."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from markupsafe import Markup

from kvqa_audit.previews.records import UNREADABLE, PairPreview, Preview
from kvqa_audit.report.cards import Card
from kvqa_audit.report.duplicate_groups import Pair, Picture
from kvqa_audit.report.view import View

# To decide from, to look at, to recognise by, on film strips and on contact sheets.
LARGE_SIDE_PX, MIDDLE_SIDE_PX, SMALL_SIDE_PX, STRIP_SIDE_PX, SHEET_SIDE_PX = 640, 320, 200, 160, 112
LAID_SIDE_PX = 560
# What the pictures of film strips may take beside those of the cards, as text.
STRIPS_CHARACTERS = 500_000
# Small pictures beside the cards; they take about a tenth of what a middle one does.
MAX_ALIKE = 200
_LEFT_OUT = "picture left out to keep this page small"
_SIGNATURES = ((b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG\r\n\x1a\n", "image/png"), (b"RIFF", "image/webp"))
# What pictures of these sides take as text, about: WebP of endoscopy frames.
_LARGE_CHARACTERS, _MIDDLE_CHARACTERS = 28_000, 11_000
_LARGE_SHARE = 0.75


@dataclass(frozen=True, slots=True)
class Budget:
    """How many characters all pictures of the cards may take, and how many of them can be large, and of middle size."""

    characters: int

    @property
    def large(self) -> int:
        return int(_LARGE_SHARE * self.characters / _LARGE_CHARACTERS)

    @property
    def middle(self) -> int:
        return int((1 - _LARGE_SHARE) * self.characters / _MIDDLE_CHARACTERS)


def budget_for(images: int) -> Budget:
    """The page of a large dataset may weigh more than that of a small one: 555 images 3 million, from 6,500 on 8."""
    return Budget(min(8_000_000, 2_500_000 + 850 * images))


@dataclass(frozen=True, slots=True)
class Wanted:
    """img_id → longer side in pixels of the single pictures, most needed first, and the pairs to lay on each other."""

    sides_px: Mapping[str, int]
    pairs: tuple[Pair, ...]


def pictures_wanted(page: View, budget: Budget) -> Wanted:
    """The pictures that the page shows, as large as its budget lets them be; those of strips and sheets besides."""
    wanted = wanted_by(page.cards, budget)
    on_strips = dict.fromkeys((frame.img_id for strip in page.strips.shown for frame in strip.frames), STRIP_SIDE_PX)
    on_sheets = dict.fromkeys((picture.img_id for picture in pictures_on_sheets(page)), SHEET_SIDE_PX)
    return Wanted({**on_sheets, **on_strips, **wanted.sides_px}, wanted.pairs)


def wanted_by(cards: Iterable[Card], budget: Budget) -> Wanted:
    """The pictures of some cards, the first of them the largest."""
    cards = tuple(cards)
    pairs = tuple(dict.fromkeys(pair for card in cards if card.group for pair in card.group.laid))
    pairs = pairs[: budget.large // 2]
    sides: dict[str, int] = {}
    large, most = budget.large - 2 * len(pairs), budget.large + budget.middle
    singles = dict.fromkeys(card.picture.img_id for card in cards if card.picture is not None)
    for place, img_id in enumerate(list(singles)[:most]):
        sides[img_id] = LARGE_SIDE_PX if place < large else MIDDLE_SIDE_PX
    alike = dict.fromkeys(picture.img_id for card in cards for picture, _ in card.alike)
    for img_id in list(alike)[:MAX_ALIKE]:
        sides.setdefault(img_id, SHEET_SIDE_PX)
    for card in cards:
        if card.group is not None:
            for picture in card.group.pictures:
                sides.setdefault(picture.img_id, SMALL_SIDE_PX)
    return Wanted(sides, pairs)


def pictures_on_sheets(page: View) -> tuple[Picture, ...]:
    """Every place for a picture on the contact sheets, the first of each source first."""
    longest = max((len(sheet.pictures) for sheet in page.sheets.shown), default=0)
    return tuple(s.pictures[n] for n in range(longest) for s in page.sheets.shown if n < len(s.pictures))


@dataclass(frozen=True, slots=True)
class Shown:
    """One place for a picture: its data URI, or the number of the place that holds the same one, or why there is none.

    A picture stands in the page once; a script fills the other places.
    """

    number: int
    uri: Markup | None = None
    same_as: int | None = None
    missing: str = ""


@dataclass(frozen=True, slots=True)
class Laid:
    """A pair of pictures of one size, the right one as it lies on the left one; `outline` is where it reaches."""

    left_id: str
    right_id: str
    left: Markup
    right: Markup
    aligned: bool
    outline: str


@dataclass
class Album:
    """Gives out the pictures of a page, place by place, until the budget is spent; `missing` is said where all lack."""

    previews: Mapping[str, Preview]
    pairs: Mapping[Pair, PairPreview]
    characters: int
    missing: str = ""
    _first_place: dict[str, int] = field(default_factory=dict)
    _places: int = 0

    def place(self, img_id: str) -> Shown:
        """The next place, for this image."""
        self._places += 1
        number = self._places
        if img_id in self._first_place:
            return Shown(number, same_as=self._first_place[img_id])
        uri, missing = self._uri_of(img_id)
        if uri is None:
            return Shown(number, missing=missing)
        self._first_place[img_id] = number
        self.characters -= len(uri)
        return Shown(number, uri)

    def laid(self, pairs: Iterable[Pair]) -> Iterator[Laid]:
        """The pairs that could be laid on each other and have room in the page."""
        for pair in pairs:
            preview = self.pairs.get(pair)
            left, right = (data_uri(one) for one in (preview.left, preview.right)) if preview else (None, None)
            if preview is None or left is None or right is None or len(left) + len(right) > self.characters:
                continue
            self.characters -= len(left) + len(right)
            yield Laid(*pair, left, right, preview.aligned, polygon(preview.corners))

    def _uri_of(self, img_id: str) -> tuple[Markup | None, str]:
        preview = self.previews.get(img_id)
        uri = data_uri(preview.picture) if preview is not None else None
        if uri is None:
            return None, self.missing or (_LEFT_OUT if preview is None else preview.missing or UNREADABLE)
        return (uri, "") if len(uri) <= self.characters else (None, _LEFT_OUT)


def polygon(corners: Iterable[tuple[float, float]]) -> str:
    """Corners in shares of a picture as a CSS polygon; what is zero but for the last bits has no sign."""
    return f"polygon({', '.join(f'{100 * x:z.2f}% {100 * y:z.2f}%' for x, y in corners)})"


def data_uri(content: bytes) -> Markup | None:
    """A picture's bytes as a data URI; None for bytes that are no picture of a known kind."""
    for signature, kind in _SIGNATURES:
        if content.startswith(signature):
            return Markup(f"data:{kind};base64,{base64.b64encode(content).decode()}")  # noqa: S704 - base64 made here
    return None
