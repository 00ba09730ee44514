"""Classes of identical images: by bytes, and by what a full decode has told."""

from __future__ import annotations

from kvqa_audit.duplicates.exact import classes_by_bytes, classes_by_pixels
from kvqa_audit.model import ImageFingerprint


def image(img_id: str, sha256: str, full: str | None = None) -> ImageFingerprint:
    return ImageFingerprint(img_id, img_id, 9, sha256, pixel_digest="p", full_pixel_digest=full, width=1, height=1)


def ids(classes: list[list[ImageFingerprint]]) -> list[str]:
    return ["".join(one.img_id for one in members) for members in classes]


def test_reduced_pixels_alone_make_no_class() -> None:
    images = [image("a", "1"), image("b", "2"), image("c", "1"), image("d", "3", "f"), image("e", "4", "g")]
    assert ids(classes_by_pixels(images)) == []
    assert ids(classes_by_bytes(images)) == ["ac"]


def test_equal_digests_of_all_pixels_make_a_class() -> None:
    images = [image("a", "1", "f"), image("b", "2", "f"), image("c", "1", "f"), image("d", "3", "g")]
    assert ids(classes_by_pixels(images)) == ["abc"]
