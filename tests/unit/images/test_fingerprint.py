"""One fingerprint: what is in it, and what a digest of pixels tells apart."""

from __future__ import annotations

import hashlib

import imagehash
from pictures import encoded, frame
from PIL import Image

from kvqa_audit.images.decode import decode
from kvqa_audit.images.fingerprint import fingerprint
from kvqa_audit.ingest.dataset import RawImage


def test_sound_image_has_everything() -> None:
    data = encoded(frame())
    found = fingerprint(RawImage("a", "images/a.jpg", data))
    assert (found.img_id, found.path, found.size_bytes, found.problem) == ("a", "images/a.jpg", len(data), None)
    assert found.sha256 == hashlib.sha256(data).hexdigest()
    assert (found.width, found.height, found.format, found.mode, found.frames) == (720, 576, "JPEG", "RGB", 1)
    assert len(found.thumbnail) == 64 * 64
    assert found.decoder
    assert found.algorithm
    assert None not in (found.brightness, found.contrast, found.sharpness, found.entropy_bits)


def test_hash_is_next_to_the_one_users_know() -> None:
    data = encoded(frame(seed=4))
    grey = decode(data).grey
    assert grey is not None
    found = fingerprint(RawImage("a", "a", data)).phash64
    assert found is not None
    assert imagehash.hex_to_hash(found) - imagehash.phash(Image.fromarray(grey)) <= 2


def test_same_pixels_in_other_bytes_have_one_digest() -> None:
    first, second = encoded(frame(), "PNG", compress_level=1), encoded(frame(), "PNG", compress_level=9)
    assert first != second
    assert fingerprint(RawImage("a", "a", first)).pixel_digest == fingerprint(RawImage("b", "b", second)).pixel_digest


def test_size_and_mode_are_part_of_the_digest() -> None:
    black = [
        encoded(picture, "PNG")
        for picture in (
            Image.new("RGB", (20, 10)),
            Image.new("RGB", (10, 20)),
            Image.new("L", (20, 10)),
            Image.new("RGB", (200, 100)),
        )
    ]
    assert len({fingerprint(RawImage("a", "a", data)).pixel_digest for data in black}) == 4


def test_bad_image_keeps_its_bytes_digest_and_has_no_hash() -> None:
    found = fingerprint(RawImage("a", "a.jpg", b"<html>"))
    assert found.problem == "not_an_image"
    assert found.sha256 == hashlib.sha256(b"<html>").hexdigest()
    assert (found.phash64, found.phash256, found.pixel_digest, found.thumbnail) == (None, None, None, b"")


def test_what_ingest_found_is_passed_on() -> None:
    found = fingerprint(RawImage("a", "a.jpg", b"", "not_readable", "permission denied"))
    assert (found.problem, found.detail, found.sha256) == ("not_readable", "permission denied", None)


def test_known_content_is_not_decoded() -> None:
    earlier = fingerprint(RawImage("a", "a", encoded(frame())))
    assert fingerprint(RawImage("b", "b", b"anything"), lambda raw, digest: earlier) is earlier
