"""Thumbnails for a report: small, and nothing but the picture."""

from __future__ import annotations

import io

import pytest
from pictures import encoded, frame
from PIL import Image

from kvqa_audit.images.thumbnails import thumbnail


@pytest.mark.parametrize(("size", "longest"), [((720, 576), 240), ((1920, 1072), 240), ((100, 80), 100)])
def test_size(size: tuple[int, int], longest: int) -> None:
    data = thumbnail(encoded(frame(*size)))
    assert data is not None
    picture = Image.open(io.BytesIO(data))
    assert picture.format == "WEBP"
    assert max(picture.size) == longest


def test_no_metadata_goes_along() -> None:
    exif = Image.Exif()
    exif[0x010E] = "Jane Doe"
    data = thumbnail(encoded(frame(), exif=exif, comment=b"Jane Doe"))
    assert data is not None
    assert b"Jane" not in data
    assert b"Exif" not in data


@pytest.mark.parametrize("data", [b"", b"<html>", encoded(frame())[:500]])
def test_nothing_to_show_is_none(data: bytes) -> None:
    assert thumbnail(data) is None
