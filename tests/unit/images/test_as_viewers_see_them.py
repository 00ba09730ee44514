"""Orientation, formats that are not read, and pictures of more than eight bits, as files that people have."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kvqa_audit.images.decode import decode
from tests.unit.duplicates.scenes import scene


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"\x00\x00\x00\x20ftypavif" + bytes(50), "AVIF"),
        (b"\x00\x00\x00\x18ftypheic" + bytes(50), "HEIC"),
        (b"\x00\x00\x00\x18ftypisom" + bytes(50), "an MP4 or QuickTime video"),
        (b"\x00\x00\x00\x0cjP  \r\n\x87\n" + bytes(50), "JPEG 2000"),
        (b"\xff\x4f\xff\x51" + bytes(50), "JPEG 2000"),
        (b"\xff\x0a" + bytes(50), "JPEG XL"),
        (bytes(128) + b"DICM" + bytes(50), "DICOM"),
        (b"%PDF-1.7\n", "PDF"),
        (b'<?xml version="1.0"?>\n<svg xmlns="x"/>', "SVG"),
        (b"\xef\xbb\xbf <svg/>", "SVG"),
        (b"RIFF\x00\x00\x00\x00AVI LIST", "an AVI video"),
    ],
)
def test_known_formats_that_are_not_read_are_named(data: bytes, name: str) -> None:
    decoded = decode(data)
    assert (decoded.problem, decoded.format) == ("format_not_read", name)


@pytest.mark.parametrize(
    "data", [b"<html><body>404</body></html>", b"<?xml version='1.0'?><a/>", b"RIFF....WAVE", b"\0" * 400]
)
def test_what_is_no_picture_is_not_called_one(data: bytes) -> None:
    assert decode(data).problem == "not_an_image"


@pytest.mark.parametrize("bits", [10, 12, 14, 16])
def test_a_picture_of_more_bits_is_judged_over_its_range(bits: int, tmp_path: Path) -> None:
    grey = np.array(scene(1))
    wide = (grey.astype(np.uint16) << (bits - 8)) | ((1 << (bits - 8)) - 1)
    wide[0, 0] = (1 << bits) - 1
    Image.fromarray(wide).save(tmp_path / "wide.png")
    seen = decode((tmp_path / "wide.png").read_bytes(), 2_000).grey
    assert seen is not None
    assert np.abs(seen.astype(int) - grey)[1:].max() <= 1


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_the_orientation_is_told(orientation: int, kind: str) -> None:
    exif, file = Image.Exif(), io.BytesIO()
    exif[0x0112] = orientation
    scene(1).convert("RGB").save(file, kind, exif=exif.tobytes())
    assert decode(file.getvalue(), colour=False).orientation == orientation
