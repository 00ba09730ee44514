"""Classes of identical images: by their files, and by what a full decode has told."""

from __future__ import annotations

from kvqa_audit.duplicates.pictures import Pictures
from kvqa_audit.model import ImageFingerprint


def image(img_id: str, sha256: str, full: str | None = None, size_bytes: int = 9) -> ImageFingerprint:
    return ImageFingerprint(
        img_id, img_id, size_bytes, sha256, pixel_digest="p", full_pixel_digest=full, width=1, height=1
    )


def classes(*images: ImageFingerprint) -> tuple[list[str], list[str]]:
    """The ids in each class by bytes, and in each by pixels."""
    found = Pictures.of(images)
    by_bytes, by_pixels = (
        ["".join(found.img_ids[number] for number in members) for members in of]
        for of in (found.by_bytes, found.by_pixels)
    )
    return by_bytes, by_pixels


def test_reduced_pixels_alone_make_no_class() -> None:
    images = image("d", "3", "f"), image("c", "1"), image("a", "1"), image("b", "2"), image("e", "4", "g")
    assert classes(*images) == (["ac"], [])


def test_equal_digests_of_all_pixels_make_a_class() -> None:
    images = image("a", "1", "f"), image("b", "2", "f"), image("c", "1", "f"), image("d", "3", "g")
    assert classes(*images) == (["ac"], ["abc"])


def test_empty_files_make_no_class() -> None:
    assert classes(image("a", "0", size_bytes=0), image("b", "0", size_bytes=0)) == ([], [])
