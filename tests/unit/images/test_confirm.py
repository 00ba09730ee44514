"""Identical pixels are told by full decodes, of files that look alike when reduced, whatever an earlier run left."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pictures import encoded, frame
from PIL import Image

from kvqa_audit.cache.fingerprints import FingerprintCache
from kvqa_audit.duplicates.find import find_duplicates
from kvqa_audit.images.fingerprint_stage import fingerprint_images
from kvqa_audit.ingest.image_folder import FolderShard, list_images
from kvqa_audit.model import ImageFingerprint, Tier
from tests.children import in_children


def commented() -> Image.Exif:
    block = Image.Exif()
    block[0x010E] = "the same picture"
    return block


def of_other_chroma() -> tuple[bytes, bytes]:
    luma, *chroma = frame().convert("YCbCr").split()
    other = [part.point(lambda level: min(255, level + 12)) for part in chroma]
    return tuple(encoded(Image.merge("YCbCr", (luma, *parts))) for parts in (chroma, other))  # type: ignore[return-value]


def of_other_detail() -> tuple[bytes, bytes]:
    """Two pixels change places within what becomes one pixel of the reduced picture."""
    pixels = np.array(frame())
    other = pixels.copy()
    other[200, 300], other[201, 301] = pixels[201, 301], pixels[200, 300]
    assert not np.array_equal(other, pixels)
    return encoded(Image.fromarray(pixels), "PNG"), encoded(Image.fromarray(other), "PNG")


def shards_of(root: Path, per_shard: int = 100) -> tuple[FolderShard, ...]:
    (whole,) = list_images(root).shards
    starts = range(0, len(whole.files), per_shard)
    return tuple(FolderShard(str(root), whole.files[at : at + per_shard]) for at in starts)


def folder_of(root: Path, **files: bytes) -> Path:
    (root / "images").mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (root / "images" / name.replace("_", ".")).write_bytes(data)
    time.sleep(0.03)  # files as young as the clock's tick are not trusted
    return root


def digests(fingerprints: tuple[ImageFingerprint, ...]) -> dict[str, str | None]:
    return {one.img_id: one.full_pixel_digest for one in fingerprints}


@pytest.mark.parametrize("differing", [of_other_chroma, of_other_detail])
def test_what_a_reduced_grey_picture_hides_is_no_identity(
    tmp_path: Path, differing: Callable[[], tuple[bytes, bytes]]
) -> None:
    first, second = differing()
    found = in_children(
        fingerprint_images, shards_of(folder_of(tmp_path, a_jpg=first, b_jpg=second)), jobs=1
    ).fingerprints
    assert found[0].pixel_digest == found[1].pixel_digest
    assert None not in digests(found).values()
    (pair,) = find_duplicates(found).pairs
    assert pair.tier is not Tier.IDENTICAL_PIXELS
    assert find_duplicates(found, mode="exact").pairs == ()


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (encoded(frame()), encoded(frame(), exif=commented())),
        (encoded(frame()), encoded(frame(), progressive=True)),
        (encoded(frame(), "PNG", compress_level=1), encoded(frame(), "PNG", compress_level=9)),
        (encoded(Image.new("L", (30, 20)), "PNG"), encoded(Image.new("L", (30, 20)), "PNG", compress_level=0)),
    ],
    ids=["metadata", "progressive", "packing", "black"],
)
def test_the_same_picture_in_other_bytes_has_identical_pixels(tmp_path: Path, first: bytes, second: bytes) -> None:
    root = folder_of(tmp_path, a_png=first, b_png=second, c_png=second)
    pairs = find_duplicates(in_children(fingerprint_images, shards_of(root), jobs=1).fingerprints, mode="exact").pairs
    assert [(pair.left, pair.right, pair.tier) for pair in pairs] == [
        ("a", "b", Tier.IDENTICAL_PIXELS),
        ("a", "c", Tier.IDENTICAL_PIXELS),
        ("b", "c", Tier.IDENTICAL_BYTES),
    ]


def test_only_nominated_files_are_decoded_in_full(tmp_path: Path) -> None:
    single, copied = encoded(frame(seed=1)), encoded(frame(seed=2))
    root = folder_of(tmp_path, a_jpg=single, b_jpg=copied, c_jpg=copied)
    assert set(digests(in_children(fingerprint_images, shards_of(root), jobs=1).fingerprints).values()) == {None}


@pytest.fixture
def twins(tmp_path: Path) -> Path:
    picture, chroma = frame(seed=5), of_other_chroma()
    return folder_of(
        tmp_path / "data",
        a_jpg=encoded(picture),
        b_jpg=encoded(picture, exif=commented()),
        c_jpg=chroma[0],
        d_jpg=chroma[1],
        e_jpg=encoded(frame(seed=6)),
        f_jpg=encoded(picture),
    )


def test_same_answer_whatever_jobs_and_order_and_cache(twins: Path, tmp_path: Path) -> None:
    expected = in_children(fingerprint_images, shards_of(twins), jobs=1).fingerprints
    named = digests(expected)
    assert named["a"] == named["b"] == named["f"] is not None
    assert len({named["a"], named["c"], named["d"]}) == 3
    assert named["e"] is None
    assert in_children(fingerprint_images, tuple(reversed(shards_of(twins, 1))), jobs=2).fingerprints == expected
    for _ in "12":
        with FingerprintCache(tmp_path / "cache") as cache:
            assert in_children(fingerprint_images, shards_of(twins, 2), jobs=2, cache=cache).fingerprints == expected


def test_later_run_decodes_nothing(twins: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with FingerprintCache(tmp_path / "cache") as cache:
        first = in_children(fingerprint_images, shards_of(twins), jobs=1, cache=cache)
        monkeypatch.setattr("kvqa_audit.engine.local.Child", None)  # so that no process can be started
        assert in_children(fingerprint_images, shards_of(twins), jobs=1, cache=cache).fingerprints == first.fingerprints


def test_digest_of_an_earlier_run_shows_only_where_its_twin_is_still_there(twins: Path, tmp_path: Path) -> None:
    with FingerprintCache(tmp_path / "cache") as cache:
        in_children(fingerprint_images, shards_of(twins), jobs=1, cache=cache)
        (twins / "images" / "b.jpg").unlink()
        found = in_children(fingerprint_images, shards_of(twins), jobs=1, cache=cache).fingerprints
    assert found == in_children(fingerprint_images, shards_of(twins), jobs=1).fingerprints
    assert digests(found)["a"] is None


def test_moved_dataset_takes_the_digests_from_the_cache(twins: Path, tmp_path: Path) -> None:
    with FingerprintCache(tmp_path / "cache") as cache:
        first = in_children(fingerprint_images, shards_of(twins), jobs=1, cache=cache)
        # A mark that only the cache can give.
        cache.keep([replace(one, full_pixel_digest="kept") for one in first.fingerprints if one.full_pixel_digest], [])
        found = in_children(
            fingerprint_images, shards_of(Path(shutil.copytree(twins, tmp_path / "moved"))), jobs=1, cache=cache
        )
    assert set(digests(found.fingerprints).values()) == {None, "kept"}
