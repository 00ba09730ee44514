"""Pictures that look alike lie near each other on the map, and no more are drawn than a page can hold."""

from __future__ import annotations

import numpy as np

from kvqa_audit.answers.picture_map import MAX_PLACES, places_of
from kvqa_audit.images.picture_vectors import PictureVectors


def test_two_kinds_of_pictures_lie_apart() -> None:
    vectors = np.random.default_rng(1).normal(size=(40, 8)) + 9.0 * (np.arange(40) % 2)[:, None]
    places = places_of(PictureVectors(tuple(f"p{n:02}" for n in range(40)), vectors))
    across = np.array([x for _, x, _ in places])
    assert len(places) == 40
    assert max(across[::2]) < min(across[1::2]) or min(across[::2]) > max(across[1::2])
    assert np.abs(across).max() <= 1.0


def test_of_many_pictures_some_are_drawn_and_of_few_none() -> None:
    many = 2 * MAX_PLACES + 1
    found = places_of(
        PictureVectors(tuple(f"p{n:05}" for n in range(many)), np.random.default_rng(2).random((many, 3)))
    )
    assert MAX_PLACES // 2 < len(found) <= MAX_PLACES
    assert places_of(PictureVectors(("a",), np.zeros((1, 3)))) == ()
    assert places_of(PictureVectors((), np.zeros((0, 3)))) == ()
