"""The bytes of an image come in; a small JPEG of it without metadata, for a report, goes out."""

from __future__ import annotations

import io

from PIL import Image

from kvqa_audit.images.decode import decode

JPEG_QUALITY = 78


def thumbnail_jpeg(data: bytes, max_side_px: int = 240) -> bytes | None:
    """A JPEG whose longer side is at most `max_side_px`, encoded anew so that no metadata goes along.

    None where nothing can be decoded, and never raises for bad data.
    """
    try:
        decoded = decode(data, max_side_px)
    except MemoryError:
        return None
    if decoded.rgb is None:
        return None
    return small_jpeg(Image.fromarray(decoded.rgb), max_side_px)


def small_jpeg(picture: Image.Image, max_side_px: int) -> bytes:
    """A JPEG of a picture, RGB, made smaller in place so that its longer side is at most `max_side_px`."""
    picture.thumbnail((max_side_px, max_side_px), Image.Resampling.BOX, reducing_gap=None)
    target = io.BytesIO()
    picture.save(target, "JPEG", quality=JPEG_QUALITY, optimize=True)
    return target.getvalue()
