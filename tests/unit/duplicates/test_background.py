"""Pictures of one kind, and scenes of several frames: only what is more alike than strangers are is a near frame."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from PIL import Image

from kvqa_audit.duplicates.find import find_duplicates
from kvqa_audit.model import ImageFingerprint, Tier
from tests.unit.duplicates.scenes import fingerprint, scene

Values = np.ndarray


def values(seed: int) -> Values:
    return np.asarray(scene(seed), float)


def picture(img_id: str, drawn: Values) -> ImageFingerprint:
    return fingerprint(img_id, Image.fromarray(np.clip(drawn, 0, 255).astype(np.uint8)))


def of_one_kind(count: int, seed: int) -> Iterator[ImageFingerprint]:
    """Pictures that share a pose, as films of one part of the body do, and differ in what they show."""
    common, rng = values(1_000 + seed), np.random.default_rng(seed)
    for number in range(count):
        share = rng.uniform(0.25, 0.55)
        yield picture(f"kind{number:03}", (1 - share) * common + share * values(number))


def in_scenes(scenes: int, frames: int) -> Iterator[ImageFingerprint]:
    """Frames of several scenes, in each of which something small changes from frame to frame."""
    for number in range(scenes):
        for frame in range(frames):
            changed = 0.88 * values(number) + 0.12 * values(500 + number * frames + frame)
            yield picture(f"scene{number:02}-{frame}", changed)


def test_pictures_of_one_kind_are_no_near_frames() -> None:
    result = find_duplicates(list(of_one_kind(36, 1)))
    assert result.pairs == ()
    assert result.background["bound"] is not None
    assert result.background["resembling"]
    (note,) = result.notes
    assert "drawn at random" in note


def test_a_copy_among_pictures_of_one_kind_is_found() -> None:
    pictures = list(of_one_kind(36, 1))
    another = 0.45 * values(1_001) + 0.55 * values(300)
    result = find_duplicates([*pictures, picture("a", another), picture("b", 0.8 * another + 20)])
    assert [(pair.left, pair.right) for pair in result.pairs if pair.tier is not Tier.NEAR_FRAME] == [("a", "b")]


def test_frames_of_many_scenes_are_all_near_frames() -> None:
    result = find_duplicates(list(in_scenes(12, 4)))
    assert len(result.pairs) == 12 * 6
    assert {pair.left[:7] == pair.right[:7] for pair in result.pairs} == {True}
    assert result.notes == ()


def test_a_bound_that_is_given_is_not_measured() -> None:
    frames = list(in_scenes(3, 3))
    assert find_duplicates(frames, min_frame_similarity=0.9).background == {}
    result = find_duplicates(frames, min_frame_similarity=1.0)
    assert [pair for pair in result.pairs if pair.tier is Tier.NEAR_FRAME] == []
    assert result.examined["verified_pairs"] == len(result.pairs)


def test_what_is_measured_does_not_depend_on_the_order() -> None:
    pictures = list(of_one_kind(36, 1))
    assert find_duplicates(pictures[::-1]) == find_duplicates(pictures)
