"""What the page says comes in; which pictures it needs, how large, and their data URIs within a budget, go out."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Iterable, Mapping

from markupsafe import Markup

from kvqa_audit.model import AuditRun, Family
from kvqa_audit.report.duplicate_groups import Picture
from kvqa_audit.report.view import View, view

SIDE_PX = 240
SHEET_SIDE_PX = 112
MAX_PICTURES_WANTED = 400
MAX_PICTURE_CHARACTERS = 2_400_000
MAX_SHEET_CHARACTERS = 800_000
_SIGNATURES = ((b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG\r\n\x1a\n", "image/png"), (b"RIFF", "image/webp"))
_LEFT_OUT = "picture left out to keep this page small"


def pictures_wanted(run: AuditRun) -> dict[str, int]:
    """img_id → longest side in pixels of the pictures that the page shows, most needed first.

    At most 400, and those of the contact sheets besides.
    """
    page = view(run)
    wanted = dict.fromkeys((picture.img_id for picture in pictures_in(page)), SIDE_PX)
    wanted = dict(list(wanted.items())[:MAX_PICTURES_WANTED])
    on_sheets = dict.fromkeys((picture.img_id for picture in pictures_on_sheets(page)), SHEET_SIDE_PX)
    return {**on_sheets, **wanted}


def pictures_in(page: View) -> tuple[Picture, ...]:
    """Every place for a picture, but for the contact sheets, most needed first.

    Those of the image checks come first, then the cases, then the duplicate groups, then the other checks.
    """
    cards = [card for section in page.sections for card in section.cards]
    of_images = [p for card in cards if card.outcome.family is Family.IMAGES for p in card.pictures]
    of_cases = [case.picture for card in cards for group in card.cases for case in group.cases]
    of_groups = [p for group in page.groups.shown for p in group.pictures]
    of_others = [p for card in cards if card.outcome.family is not Family.IMAGES for p in card.pictures]
    return (*of_images, *of_cases, *of_groups, *of_others)


def pictures_on_sheets(page: View) -> tuple[Picture, ...]:
    """Every place for a picture on the contact sheets, the first of each source first."""
    longest = max((len(sheet.pictures) for sheet in page.sheets.shown), default=0)
    return tuple(s.pictures[n] for n in range(longest) for s in page.sheets.shown if n < len(s.pictures))


def embedded(page: View, pictures: Mapping[str, bytes], missing: str) -> dict[str, tuple[Markup | None, str]]:
    """img_id → data URI and, where there is none, the reason; `missing` is that of a picture that is not given.

    The URIs of the whole page stay within 2.4 million characters, those that only the contact sheets show within
    0.8 million more.
    """
    in_places = Counter(picture.img_id for picture in pictures_in(page))
    on_sheets = pictures_on_sheets(page)
    in_places.update(picture.img_id for picture in on_sheets if picture.img_id in in_places)
    only_on_sheets = Counter(picture.img_id for picture in on_sheets if picture.img_id not in in_places)
    return {
        **_within(MAX_SHEET_CHARACTERS, only_on_sheets.items(), pictures, missing),
        **_within(MAX_PICTURE_CHARACTERS, in_places.items(), pictures, missing),
    }


def _within(
    characters: int, uses: Iterable[tuple[str, int]], pictures: Mapping[str, bytes], missing: str
) -> dict[str, tuple[Markup | None, str]]:
    made: dict[str, tuple[Markup | None, str]] = {}
    left = characters
    for img_id, times in uses:
        uri = _data_uri(pictures.get(img_id, b""))
        if uri is None:
            made[img_id] = (None, missing)
        elif len(uri) * times > left:
            made[img_id] = (None, _LEFT_OUT)
        else:
            left -= len(uri) * times
            made[img_id] = (Markup(uri), "")  # noqa: S704 - base64 of this function's making
    return made


def _data_uri(content: bytes) -> str | None:
    for signature, kind in _SIGNATURES:
        if content.startswith(signature):
            return f"data:{kind};base64,{base64.b64encode(content).decode()}"
    return None
