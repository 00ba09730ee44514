"""Edges are counted by where they lie and which way they run; light alone changes nothing."""

from __future__ import annotations

import numpy as np
import pytest

from kvqa_audit.answers.gradients import SIDE_PX, gradients_of
from kvqa_audit.images.hashes import THUMBNAIL_SIDE_PX
from kvqa_audit.images.picture_vectors import PictureVectors
from kvqa_audit.model import ImageFingerprint


def fingerprint(img_id: str, grey: np.ndarray) -> ImageFingerprint:
    return ImageFingerprint(img_id, f"{img_id}.jpg", 1, "0" * 64, thumbnail=grey.astype(np.uint8).tobytes())


def histogram(grey: np.ndarray) -> np.ndarray:
    return gradients_of([fingerprint("a", grey)]).vectors[0].reshape(8, 8, 8)


STRIPES = np.tile(np.sin(np.arange(64) / 2) * 60 + 120, (64, 1))


def test_upright_and_level_stripes_fill_different_orientations() -> None:
    upright, level = (histogram(grey).sum(axis=(0, 1)) for grey in (STRIPES, STRIPES.T))
    assert upright.argmax() != level.argmax()
    assert upright.max() > 0.9 * upright.sum()


def test_an_edge_is_counted_where_it_lies() -> None:
    grey = np.full((64, 64), 50)
    grey[:8, :4] = 200
    strong = np.argwhere(histogram(grey).sum(axis=2) > 0)
    assert {(0, 0)} <= set(map(tuple, strong.tolist())) <= {(0, 0), (0, 1), (1, 0), (1, 1)}


@pytest.mark.parametrize("grey", [0, 128, 255])
def test_a_flat_picture_has_none(grey) -> None:
    assert not histogram(np.full((64, 64), grey)).any()


def test_light_added_to_all_of_it_changes_nothing() -> None:
    np.testing.assert_array_equal(histogram(np.rint(STRIPES)), histogram(np.rint(STRIPES) + 40))


def test_only_what_was_looked_at_has_one_in_the_order_of_ids() -> None:
    seen = [fingerprint("b", STRIPES), ImageFingerprint("c", "c.jpg", 1, "0" * 64), fingerprint("a", STRIPES.T)]
    found = gradients_of(seen)
    assert found.img_ids == ("a", "b")
    assert repr(found) == repr(gradients_of(seen[::-1]))


def test_the_digest_tells_every_difference() -> None:
    found = gradients_of([fingerprint("a", STRIPES), fingerprint("b", STRIPES.T)])
    other = found.vectors.copy()
    other[1, 511] ^= 1
    assert (
        len({repr(found), repr(PictureVectors(found.img_ids, other)), repr(PictureVectors(("a", "c"), found.vectors))})
        == 3
    )


def test_the_small_pictures_are_those_of_the_fingerprints() -> None:
    assert SIDE_PX == THUMBNAIL_SIDE_PX
