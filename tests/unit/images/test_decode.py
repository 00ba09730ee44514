"""One reduced decode: sizes, modes, formats, and every kind of bad bytes."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from pictures import encoded, frame
from PIL import Image

from kvqa_audit.images.decode import MAX_PIXELS, MIN_SIDE_PX, decode, decoder_version
from kvqa_audit.images.endings import is_cut_off


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF"])
def test_every_format_gives_header_and_reduced_pixels(kind: str) -> None:
    found = decode(encoded(frame(720, 576), kind))
    assert (found.problem, found.format, found.width, found.height, found.frames) == (None, kind, 720, 576, 1)
    assert found.rgb is not None
    assert found.grey is not None
    assert found.rgb.dtype == found.grey.dtype == np.uint8
    assert found.rgb.shape == (*found.grey.shape, 3)
    assert MIN_SIDE_PX <= min(found.grey.shape) < 2 * MIN_SIDE_PX


@pytest.mark.parametrize("size", [(332, 487), (576, 720), (1920, 1072), (4000, 3000), (128, 128), (255, 256)])
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_shorter_side_keeps_what_is_needed_and_not_much_more(size: tuple[int, int], kind: str) -> None:
    found = decode(encoded(Image.new("RGB", size, (90, 60, 50)), kind))
    assert found.grey is not None
    assert MIN_SIDE_PX <= min(found.grey.shape) <= 2 * MIN_SIDE_PX
    ratio = found.grey.shape[1] / found.grey.shape[0]
    assert ratio == pytest.approx(size[0] / size[1], rel=0.02)


def test_small_pictures_are_not_reduced() -> None:
    found = decode(encoded(Image.new("RGB", (20, 3), (200, 0, 0))))
    assert found.grey is not None
    assert found.grey.shape == (3, 20)


@pytest.mark.parametrize("mode", ["L", "1", "P", "RGBA", "LA", "I;16", "RGB"])
def test_modes_are_kept_as_a_fact_and_turned_into_rgb(mode: str) -> None:
    found = decode(encoded(frame(200, 160).convert("L").convert(mode) if mode != "RGB" else frame(200, 160), "PNG"))
    assert (found.problem, found.mode) == (None, mode)
    assert found.rgb is not None
    assert found.rgb.shape[2] == 3


def test_sixteen_bits_keep_their_brightness() -> None:
    grey = np.full((150, 150), 40_000, dtype=np.uint16)
    found = decode(encoded(Image.fromarray(grey), "PNG"))
    assert found.grey is not None
    assert found.grey.mean() == pytest.approx(40_000 / 256, abs=1)


def test_sixteen_bit_colour_is_told() -> None:
    rows = b"".join(b"\0" + bytes([10, 0, 20, 0, 30, 0]) * 8 for _ in range(8))
    assert decode(png((8, 8), rows, depth=16)).mode == "RGB;16"


def test_cmyk_jpeg_is_decoded() -> None:
    found = decode(encoded(frame(400, 300).convert("CMYK")))
    assert (found.problem, found.mode) == (None, "CMYK")


@pytest.mark.parametrize(
    "options",
    [{}, {"progressive": True}, {"subsampling": 0}, {"quality": 30}, {"restart_marker_rows": 1}, {"keep_rgb": True}],
)
def test_grey_alone_of_a_jpeg_is_the_grey_of_its_colours(options: dict[str, Any]) -> None:
    data = encoded(frame(), **options)
    both, grey = decode(data), decode(data, colour=False)
    assert grey.colour is None
    assert both.grey is not None
    assert grey.grey is not None
    difference = np.abs(both.grey.astype(int) - grey.grey)
    assert difference.max() <= 8
    assert difference.mean() <= 0.1
    facts = ("problem", "mode", "format", "width", "height", "frames", "orientation")
    assert [getattr(both, name) for name in facts] == [getattr(grey, name) for name in facts]
    assert grey.mode == "RGB"


def test_jpeg_that_stores_red_green_and_blue_is_weighed_like_any_other() -> None:
    data = encoded(Image.new("RGB", (300, 200), (200, 40, 90)), keep_rgb=True, quality=100)
    assert Image.open(io.BytesIO(data)).layer[0][0] == ord("R")  # type: ignore[attr-defined]
    found = decode(data, colour=False).grey
    assert found is not None
    assert abs(int(found[100, 100]) - (0.299 * 200 + 0.587 * 40 + 0.114 * 90)) <= 2


@pytest.mark.parametrize(
    ("kind", "mode"),
    [("JPEG", "CMYK"), ("JPEG", "L")]
    + [("PNG", mode) for mode in ("L", "1", "P", "RGBA", "LA", "I;16", "RGB")]
    + [(kind, "RGB") for kind in ("GIF", "WEBP", "BMP", "TIFF")],
)
def test_grey_alone_of_everything_else_is_the_very_same(kind: str, mode: str) -> None:
    picture = frame(400, 300) if mode in ("RGB", "CMYK") else frame(400, 300).convert("L")
    data = encoded(picture.convert(mode), kind)
    both, grey = decode(data), decode(data, colour=False)
    assert both.grey is not None
    assert grey.grey is not None
    assert np.array_equal(both.grey, grey.grey)
    assert (grey.colour, grey.mode) == (None, both.mode)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_animation_gives_its_first_frame_and_the_number_of_frames(kind: str) -> None:
    red, blue = Image.new("RGB", (140, 140), (250, 0, 0)), Image.new("RGB", (140, 140), (0, 0, 250))
    found = decode(encoded(red, kind, save_all=True, append_images=[blue, red]))
    assert (found.problem, found.frames) == (None, 3)
    assert found.rgb is not None
    assert found.rgb[..., 0].mean() > 200


def test_orientation_is_told_and_not_applied() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    found = decode(encoded(frame(300, 200), exif=exif))
    assert (found.orientation, found.width, found.height) == (6, 300, 200)


def test_no_bytes() -> None:
    assert decode(b"").problem == "empty"


@pytest.mark.parametrize("data", [b"<html>not an image</html>", b"\0" * 5000, b"%!PS-Adobe-3.0 EPSF-3.0"])
def test_something_else_is_not_an_image(data: bytes) -> None:
    assert decode(data).problem == "not_an_image"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP"])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.5, 0.9, 0.999])
@pytest.mark.parametrize("colour", [True, False])
def test_cut_file_is_truncated(kind: str, share: float, colour: bool) -> None:
    data = encoded(frame(576, 480, seed=3), kind)
    found = decode(data[: int(len(data) * share)], colour=colour)
    assert found.problem == "truncated"
    assert found.rgb is None
    assert found.detail


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"quality": 30}])
def test_jpeg_without_its_last_two_bytes_is_truncated(options: dict[str, int]) -> None:
    data = encoded(frame(), **options)
    assert decode(data[:-2]).problem == "truncated"
    assert decode(data).problem is None


def test_jpeg_cut_behind_an_embedded_preview_is_truncated() -> None:
    exif = Image.Exif()
    exif[0x927C] = encoded(Image.new("RGB", (16, 16)))
    data = encoded(frame(), exif=exif)
    assert data.count(b"\xff\xd9") == 2
    assert decode(data[: len(data) // 2]).problem == "truncated"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF"])
def test_bytes_behind_the_end_do_no_harm(kind: str) -> None:
    data = encoded(frame(200, 200), kind) + b"\0" * 5000 + b"appended"
    assert not is_cut_off(data)
    assert decode(data).problem is None


def test_bomb_is_refused_by_its_header() -> None:
    side = int(MAX_PIXELS**0.5) + 10
    found = decode(png((side, side), b""))
    assert found.problem == "too_large"
    assert found.rgb is None


def test_large_but_allowed_picture_raises_no_warning() -> None:
    assert decode(png((12_000, 8_000), b"")).problem in ("truncated", "unreadable")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF"])
def test_damaged_bytes_never_raise(kind: str) -> None:
    data = encoded(frame(160, 140), kind)
    rng = np.random.default_rng(5)
    for _ in range(60):
        broken = bytearray(data)
        for at in rng.integers(0, len(broken), 20):
            broken[at] = int(rng.integers(0, 256))
        damaged = bytes(broken[: int(rng.integers(1, len(broken)))])
        found, grey = decode(damaged), decode(damaged, colour=False)
        assert (found.rgb is None) == (found.problem is not None)
        assert grey.problem == found.problem


def test_pillow_is_left_as_it_was() -> None:
    from PIL import ImageFile

    before = (ImageFile.LOAD_TRUNCATED_IMAGES, Image.MAX_IMAGE_PIXELS)
    decode(encoded(frame())[:-50])
    assert before == (ImageFile.LOAD_TRUNCATED_IMAGES, Image.MAX_IMAGE_PIXELS)


def test_decoder_names_itself() -> None:
    assert decoder_version().startswith("Pillow ")
    assert "/libjpeg" in decoder_version()


def png(size: tuple[int, int], rows: bytes, depth: int = 8) -> bytes:
    """A PNG of RGB rows as they are, filter bytes included."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", *size, depth, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
