"""The bytes of an image come in; a picture of it in which burned-in text cannot be read any more goes out.

Devices write at the left, and not every line of a block is found: where any is, the left part is smeared as a whole,
wider where the detector is not sure. Lines elsewhere are smeared with a wide margin, out to the edge of the picture. A
picture that shows less does no harm.
"""

from __future__ import annotations

from collections.abc import Iterator

from PIL import Image, ImageDraw

from kvqa_audit.images.decode import decode
from kvqa_audit.ingest.dataset import RawImage
from kvqa_audit.overlays.detection import Detection
from kvqa_audit.overlays.overlay_stage import READ_MIN_SIDE_PX, look_at

_SURELY_NONE_BELOW = 0.05
_LEFT_SHARE = 0.45
_LEAST_LEFT_SHARE = 0.33
_MARGIN_SHARE = 0.06
_BLOCK_SHARE = 1 / 14

Box = tuple[float, float, float, float]


def blurred(data: bytes, min_side_px: int) -> Image.Image | None:
    """The reduced picture, RGB, with text smeared; its shorter side keeps `min_side_px` where it has that many.

    None where nothing can be decoded, and never raises for bad data.
    """
    try:
        decoded = decode(data, max(min_side_px, READ_MIN_SIDE_PX))
        seen = look_at(RawImage("", "", data)).text
    except MemoryError:
        return None
    return None if decoded.colour is None or seen is None else smear_text(decoded.colour, seen)


def smear_text(picture: Image.Image, seen: Detection) -> Image.Image:
    """The picture with each place of text replaced by its few mean colours, from which no letter can be told.

    Args:
        picture: RGB.
        seen: what the text detector says of it.
    """
    width, height = picture.size
    side = max(2, round(min(width, height) * _BLOCK_SHARE))
    few = picture.resize((max(1, width // side), max(1, height // side)), Image.Resampling.BOX)
    smeared = few.resize(picture.size, Image.Resampling.BILINEAR)
    mask = Image.new("L", picture.size, 0)
    draw = ImageDraw.Draw(mask)
    for left, top, right, bottom in places_to_smear(seen):
        draw.rectangle((left * width, top * height, right * width, bottom * height), fill=255)
    return Image.composite(smeared, picture, mask)


def places_to_smear(seen: Detection) -> Iterator[Box]:
    """Left, top, right and bottom, in shares of the picture."""
    if seen.confidence < _SURELY_NONE_BELOW:
        return
    at_the_left = [region.x + region.width for region in seen.regions if region.x < _LEFT_SHARE]
    if not seen.is_seen:
        yield 0.0, 0.0, min(1.0, max((_LEFT_SHARE, *at_the_left))), 1.0
    elif at_the_left:
        yield 0.0, 0.0, min(1.0, max(_LEAST_LEFT_SHARE, max(at_the_left) + _MARGIN_SHARE)), 1.0
    for region in seen.regions:
        if region.x >= _LEFT_SHARE:
            top, bottom = region.y - _MARGIN_SHARE, region.y + region.height + _MARGIN_SHARE
            yield max(0.0, region.x - 2 * _MARGIN_SHARE), max(0.0, top), 1.0, min(1.0, bottom)
