"""The hashes are next to the ones users know, and flat pictures do not turn noise into bits."""

from __future__ import annotations

import imagehash
import numpy as np
import pytest
from PIL import Image

from kvqa_audit.images.hashes import THUMBNAIL_SIDE_PX, features_of, phash256_of

# It is taken from 64x64 pixels, where imagehash takes 32x32.
MOST_BITS_FROM_IMAGEHASH = 4


def bits_apart(found: str, theirs: imagehash.ImageHash) -> int:
    return imagehash.hex_to_hash(found) - theirs


def soft(seed: int, shape: tuple[int, int]) -> np.ndarray:
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (9, 11), dtype=np.uint8))
    return np.asarray(coarse.resize(shape[::-1], Image.Resampling.BICUBIC))


@pytest.mark.parametrize("shape", [(144, 180), (128, 128), (240, 134), (20, 10)])
@pytest.mark.parametrize("seed", range(5))
def test_the_short_hash_is_within_bits_of_imagehash(seed, shape) -> None:
    grey = soft(seed, shape)
    assert bits_apart(features_of(grey).phash64, imagehash.phash(Image.fromarray(grey))) <= MOST_BITS_FROM_IMAGEHASH


def test_the_short_hash_tells_other_pictures_apart() -> None:
    assert (
        bits_apart(features_of(soft(1, (144, 180))).phash64, imagehash.phash(Image.fromarray(soft(2, (144, 180))))) > 16
    )


def test_the_thumbnail_is_a_square_of_grey_bytes_and_carries_the_long_hash() -> None:
    features = features_of(soft(1, (144, 180)))
    pixels = np.frombuffer(features.thumbnail, np.uint8).reshape(THUMBNAIL_SIDE_PX, THUMBNAIL_SIDE_PX)
    assert features.phash256 == phash256_of(pixels)
    assert len(features.phash256) == 64


@pytest.mark.parametrize("grey", [1, 77, 255])
def test_a_flat_picture_sets_the_first_bit_only(grey) -> None:
    features = features_of(np.full((144, 180), grey, np.uint8))
    assert features.phash256 == "80" + "00" * 31
    assert features.phash64 == str(imagehash.phash(Image.new("L", (180, 144), grey)))


def test_a_strided_picture_is_read_as_it_shows() -> None:
    grey = soft(2, (144, 180))
    assert features_of(grey[:, ::-1]) == features_of(np.ascontiguousarray(grey[:, ::-1]))
