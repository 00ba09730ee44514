"""The digest of a whole picture: equal for equal pixels in other bytes, and for nothing else."""

from __future__ import annotations

import struct
import zlib
from typing import Any

import numpy as np
import pytest
from pictures import encoded, frame
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from kvqa_audit.images.decode import decode
from kvqa_audit.images.full_pixels import full_pixel_digest


def exif() -> Image.Exif:
    block = Image.Exif()
    block[0x0110] = "some camera"
    return block


def text() -> PngInfo:
    notes = PngInfo()
    notes.add_text("Title", "a polyp")
    return notes


@pytest.mark.parametrize("mode", ["RGB", "L", "1", "P", "RGBA", "LA", "I;16"])
def test_png_packed_anew_is_the_same_picture(mode: str) -> None:
    picture = frame() if mode == "RGB" else frame().convert("L").convert(mode)
    first, second = encoded(picture, "PNG", compress_level=1), encoded(picture, "PNG", compress_level=9, pnginfo=text())
    assert first != second
    assert full_pixel_digest(first) == full_pixel_digest(second) is not None


@pytest.mark.parametrize(
    "options", [{"exif": exif()}, {"comment": b"hello"}, {"optimize": True}, {"progressive": True}]
)
def test_jpeg_with_other_metadata_or_coding_is_the_same_picture(options: dict[str, Any]) -> None:
    first, second = encoded(frame()), encoded(frame(), **options)
    assert first != second
    assert full_pixel_digest(first) == full_pixel_digest(second) is not None


@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "P", "CMYK"])
def test_one_pixel_makes_another_picture(mode: str) -> None:
    kind = "TIFF" if mode == "CMYK" else "PNG"
    picture = frame().convert(mode)
    first = full_pixel_digest(encoded(picture, kind))
    pixels = np.array(picture)
    pixels[300, 400] ^= 1
    changed = Image.fromarray(pixels, mode) if mode == "P" else Image.fromarray(pixels, picture.mode)
    if mode == "P":
        changed.putpalette(picture.getpalette() or [])
    assert full_pixel_digest(encoded(changed, kind)) != first is not None


def test_palette_counts_by_its_colours_and_not_by_their_order() -> None:
    picture = Image.new("P", (40, 30))
    picture.putpalette([10, 20, 30, 200, 100, 50])
    picture.paste(1, (0, 0, 20, 30))
    turned = Image.new("P", (40, 30), 1)
    turned.putpalette([200, 100, 50, 10, 20, 30])
    turned.paste(0, (0, 0, 20, 30))
    recoloured = picture.copy()
    recoloured.putpalette([10, 20, 30, 200, 100, 51])
    first, second, third = (full_pixel_digest(encoded(one, "PNG")) for one in (picture, turned, recoloured))
    assert first == second != third


def test_transparency_and_size_and_mode_count() -> None:
    plain = Image.new("RGB", (20, 10), (1, 2, 3))
    pictures = [
        encoded(plain, "PNG"),
        encoded(plain, "PNG", transparency=(1, 2, 3)),
        encoded(plain.convert("RGBA"), "PNG"),
        encoded(Image.new("RGB", (10, 20), (1, 2, 3)), "PNG"),
    ]
    digests = {full_pixel_digest(data) for data in pictures}
    assert len(digests) == len(pictures)
    assert None not in digests


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
def test_every_frame_counts(kind: str) -> None:
    red, green, blue = (Image.new("RGB", (40, 40), colour) for colour in ("red", "green", "blue"))
    moving, other = (encoded(red, kind, save_all=True, append_images=[blue, last]) for last in (red, green))
    assert decode(moving).problem is None
    assert len({full_pixel_digest(moving), full_pixel_digest(other), full_pixel_digest(encoded(red, kind))}) == 3


def test_pages_of_a_tiff_that_are_too_large_together_are_not_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    small, large = Image.new("L", (10, 10)), Image.new("L", (300, 300))
    data = encoded(small, "TIFF", save_all=True, append_images=[large])
    assert full_pixel_digest(data) is not None
    monkeypatch.setattr("kvqa_audit.images.full_pixels.MAX_PIXELS", 50_000)
    assert full_pixel_digest(data) is None


def test_bits_that_the_decoder_drops_are_not_claimed_to_be_equal() -> None:
    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    rows = b"".join(b"\0" + bytes([10, 7, 20, 7, 30, 7]) * 8 for _ in range(8))
    header = struct.pack(">IIBBBBB", 8, 8, 16, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    data = b"\x89PNG\r\n\x1a\n" + body
    assert decode(data).problem is None
    assert full_pixel_digest(data) is None


@pytest.mark.parametrize("data", [b"", b"<html>", encoded(frame())[:5000], encoded(frame(), "PNG")[:5000]])
def test_bad_bytes_have_no_digest(data: bytes) -> None:
    assert full_pixel_digest(data) is None


def test_large_picture_is_hashed_in_strips_like_a_small_one(monkeypatch: pytest.MonkeyPatch) -> None:
    data = encoded(frame(), "PNG")
    whole = full_pixel_digest(data)
    monkeypatch.setattr("kvqa_audit.images.full_pixels._STRIP_PIXELS", 1000)
    assert full_pixel_digest(data) == whole
