"""Pictures that look unlike the others of their source are told, also where several of them look alike."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from kvqa_audit.answers.off_topic import OffTopic, off_topic_images
from kvqa_audit.images.picture_vectors import PictureVectors


def looks(*, usual: int = 300, odd: int = 0, far: float = 6.0, seed: int = 1) -> PictureVectors:
    """Usual pictures in a cloud, and odd ones close to each other, far from it; their ids come in this order."""
    chance = np.random.default_rng(seed)
    cloud = chance.normal(size=(usual, 16))
    away = chance.normal(size=(odd, 16)) * 0.1 + far * np.eye(16)[0] * 4
    ids = (*(f"a{n:04}" for n in range(usual)), *(f"b{n:02}" for n in range(odd)))
    return PictureVectors(ids, np.concatenate((cloud, away)).astype(np.float32))


@pytest.mark.parametrize("odd", [1, 5, 20])
def test_odd_pictures_are_told_and_no_other(odd: int) -> None:
    found = off_topic_images([looks(odd=odd)], [], {})
    assert {one.img_id for one in found.images} == {f"b{n:02}" for n in range(odd)}
    assert found.images_judged == 300 + odd
    assert [one.deviations for one in found.images] == sorted((one.deviations for one in found.images), reverse=True)


@pytest.mark.parametrize("seed", range(5))
def test_nothing_is_told_of_pictures_of_one_kind(seed: int) -> None:
    assert off_topic_images([looks(seed=seed), looks(seed=seed + 50)], [], {}).images == ()


def test_a_picture_is_judged_among_its_source() -> None:
    kind = looks(usual=200, odd=60)
    sources = {img_id: "frames" if img_id[0] == "a" else "charts" for img_id in kind.img_ids}
    assert off_topic_images([kind], [], sources).images == ()
    sources["b00"] = "frames"
    (found,) = off_topic_images([kind], [], sources).images
    assert (found.img_id, found.source) == ("b00", "frames")


def test_pictures_of_a_small_source_are_judged_among_all() -> None:
    kind = looks(odd=4)
    sources = {img_id: "frames" if img_id[0] == "a" else "charts" for img_id in kind.img_ids}
    assert {(one.img_id[0], one.source) for one in off_topic_images([kind], [], sources).images} == {("b", "")}


def test_copies_do_not_vouch_for_one_another() -> None:
    kind = looks(usual=200, odd=40)
    odd = [img_id for img_id in kind.img_ids if img_id[0] == "b"]
    assert off_topic_images([kind], [], {}).images == ()
    copies = list(itertools.pairwise(odd))
    assert {one.img_id for one in off_topic_images([kind], copies, {}).images} == set(odd)


def test_a_kind_that_lacks_pictures_counts_for_those_it_has() -> None:
    whole = looks(odd=3)
    part = PictureVectors(whole.img_ids[:100], whole.vectors[:100])
    found = off_topic_images([whole, part], [], {})
    assert {one.img_id for one in found.images} == {"b00", "b01", "b02"}


@pytest.mark.parametrize("kind", [looks(usual=49), PictureVectors((), np.empty((0, 4), np.float32))])
def test_nothing_is_judged_among_few(kind: PictureVectors) -> None:
    assert off_topic_images([kind], [], {}) == OffTopic()


def test_equal_pictures_are_not_odd() -> None:
    same = PictureVectors(tuple(f"a{n:03}" for n in range(100)), np.ones((100, 8), np.uint8))
    assert off_topic_images([same], [], {}).images == ()
