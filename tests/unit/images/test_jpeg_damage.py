"""JPEG that ends properly and is damaged before its end is told, and sound JPEG of every kind is not."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from kvqa_audit.images.decode import decode
from tests.unit.duplicates.scenes import scene

SCAN, END = b"\xff\xda", b"\xff\xd9"


def encoded(picture: Image.Image, **options: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, "JPEG", **{"quality": 90, **options})
    return file.getvalue()


def coloured(seed: int) -> Image.Image:
    return Image.merge("RGB", [scene(seed), scene(seed + 1), scene(seed + 2)])


def problem(data: bytes) -> str | None:
    return decode(data, colour=False).problem


@given(share=st.floats(0.15, 0.7), seed=st.integers(0, 5), colour=st.booleans())
def test_data_that_ends_early_is_told(share: float, seed: int, colour: bool) -> None:
    data = encoded(coloured(seed) if colour else scene(seed))
    start = data.rfind(SCAN)
    cut = start + int(share * (len(data) - start))
    decoded = decode(data[:cut].rstrip(b"\xff") + END, colour=False)
    assert decoded.problem == "damaged"
    assert "the rest is filled" in (decoded.detail or "")


@given(share=st.floats(0.1, 0.85), seed=st.integers(0, 5), zeros=st.sampled_from([64, 400, 2_000]))
def test_zeros_inside_the_data_are_told(share: float, seed: int, zeros: int) -> None:
    data = bytearray(encoded(coloured(seed)))
    at = data.rfind(SCAN) + 20 + int(share * (len(data) - data.rfind(SCAN) - zeros - 40))
    data[at : at + zeros] = bytes(zeros)
    decoded = decode(bytes(data), colour=False)
    assert decoded.problem == "damaged"
    assert "zero bytes" in (decoded.detail or "")


@pytest.mark.parametrize(
    "options", [{}, {"optimize": True}, {"progressive": True}, {"quality": 30}, {"subsampling": 0}]
)
@pytest.mark.parametrize("bar", [0.0, 0.1, 0.5, 1.0])
@pytest.mark.parametrize("grey", [0, 128, 255])
def test_sound_pictures_with_flat_parts_are_sound(options: dict[str, Any], bar: float, grey: int) -> None:
    values = np.array(coloured(3))
    values[int((1 - bar) * len(values)) :] = grey
    assert problem(encoded(Image.fromarray(values), **options)) is None


@given(width=st.integers(16, 300), height=st.integers(16, 300), grey=st.integers(0, 255), optimize=st.booleans())
def test_sound_pictures_of_one_tone_below_are_sound(width: int, height: int, grey: int, optimize: bool) -> None:
    values = np.array(scene(1).resize((width, height)))
    values[height // 2 :] = grey
    assert problem(encoded(Image.fromarray(values), optimize=optimize)) is None
