"""Frames of one scene from which the camera, the light or a part moved are found; other scenes of one look are not."""

from __future__ import annotations

from functools import cache
from itertools import combinations

import numpy as np
import pytest
from PIL import Image, ImageChops, ImageDraw, ImageFilter
from scenes import fingerprint, scene

from kvqa_audit.duplicates import moved_pairs
from kvqa_audit.duplicates.find import find_duplicates
from kvqa_audit.engine.local import LocalPool
from kvqa_audit.model import MOVED, DuplicatePair, ImageFingerprint, Tier

WIDE, HIGH = 360, 288
CAMERAS = {
    "to the side": (34, 12, 1.0, 0.0),
    "nearer": (10, -8, 1.12, 0.0),
    "turned": (12, 20, 1.0, 9.0),
    "away and turned": (-26, 14, 0.92, -7.0),
}

# What a turn or a crop undoes is laid on the other as before.
LAID = ("nearer", "away and turned")


def around(seed: int) -> Image.Image:
    """A scene, twice as wide and high as what the camera sees of it."""
    return scene(seed, 2 * WIDE, 2 * HIGH)


def blob(picture: Image.Image, seed: int, at: tuple[int, int]) -> Image.Image:
    """The picture with something round and uneven laid on it, such as a polyp."""
    skin = scene(7_000 + seed).resize((110, 90))
    mask = Image.new("L", skin.size)
    ImageDraw.Draw(mask).ellipse((4, 4, skin.width - 5, skin.height - 5), fill=255)
    out = picture.copy()
    out.paste(skin, at, mask.filter(ImageFilter.GaussianBlur(2)))
    return out


def seen(
    large: Image.Image, right: float = 0, down: float = 0, scale: float = 1.0, degrees: float = 0.0, light: float = 1.0
) -> Image.Image:
    """What the camera sees of a scene from there, with the text and the box that it burns into every frame."""
    angle = np.deg2rad(degrees)
    cos, sin = np.cos(angle) / scale, np.sin(angle) / scale
    centre_x, centre_y = WIDE + right, HIGH + down
    across = (cos, -sin, centre_x - cos * WIDE / 2 + sin * HIGH / 2)
    along = (sin, cos, centre_y - sin * WIDE / 2 - cos * HIGH / 2)
    frame = large.transform((WIDE, HIGH), Image.Transform.AFFINE, (*across, *along), Image.Resampling.BICUBIC)
    return overlaid(frame.point([min(255, round(light * tone)) for tone in range(256)]))


def overlaid(frame: Image.Image) -> Image.Image:
    """The frame in the same black surround, with the same text and the same black box as every other."""
    drawing = ImageDraw.Draw(frame)
    for corner in (((0, 0), (70, 0), (0, 60)), ((WIDE, 0), (WIDE - 70, 0), (WIDE, 60)),
                   ((WIDE, HIGH), (WIDE - 70, HIGH), (WIDE, HIGH - 60))):  # fmt: skip
        drawing.polygon(corner, fill=0)
    drawing.rectangle((0, 190, 110, HIGH), fill=0)
    for line in range(5):
        drawing.text((6, 84 + 16 * line), "26/10/2015 09:41", fill=245, font_size=15)
    return frame


@cache
def strangers() -> list[ImageFingerprint]:
    """Scenes that are not looked for; drawn once, where a test asks."""
    return [fingerprint(f"stranger{seed:02d}", seen(around(seed))) for seed in range(100, 124)]


def found_among(
    *frames: ImageFingerprint, close: dict[tuple[str, str], float | None] | None = None
) -> tuple[DuplicatePair, ...]:
    return find_duplicates([*strangers(), *frames], neighbours=close).pairs


@pytest.mark.parametrize("camera", CAMERAS)
def test_a_scene_seen_from_elsewhere_is_found(camera: str) -> None:
    frames = fingerprint("a", seen(around(1))), fingerprint("b", seen(around(1), *CAMERAS[camera]))
    (pair,) = found_among(*frames, close={("b", "a"): None})
    assert (pair.left, pair.right) == ("a", "b")
    if camera in LAID:
        assert pair.transform != MOVED
    else:
        assert (pair.tier, pair.transform) == (Tier.NEAR_FRAME, MOVED)
        assert moved_pairs.MIN_SHARE <= pair.similarity <= 1


def test_a_part_that_moved_in_other_light_leaves_it_the_same_scene() -> None:
    first, second = blob(around(2), 1, (320, 240)), blob(around(2), 1, (362, 276))
    frames = fingerprint("a", seen(first)), fingerprint("b", seen(second, 30, 10, light=0.8))
    (pair,) = found_among(*frames, close={("a", "b"): None})
    assert (pair.left, pair.right, pair.tier, pair.transform) == ("a", "b", Tier.NEAR_FRAME, MOVED)


def test_scenes_with_the_same_overlay_or_the_same_thing_in_them_are_not_one_even_within_a_minute() -> None:
    names = [one.img_id for one in strangers()] + ["a", "b"]
    things = [fingerprint(name, seen(blob(around(seed), 1, (320, 240)))) for name, seed in (("a", 3), ("b", 4))]
    assert found_among(*things, close=dict.fromkeys(combinations(names, 2), 5.0)) == ()


def test_what_was_not_said_to_be_close_is_found_where_it_agrees_under_a_shift() -> None:
    pair = coarse(9, (300, 230)), coarse(9, (390, 300), right=20, down=8, scale=1.1)
    strangers = [fingerprint(f"other{seed:02d}", coarse(seed, (300, 230))) for seed in range(200, 224)]
    result = find_duplicates([*strangers, *(fingerprint(name, one) for name, one in zip("ab", pair, strict=True))])
    (found,) = result.pairs
    assert (found.left, found.right, found.tier, found.transform) == ("a", "b", Tier.NEAR_FRAME, MOVED)


def coarse(seed: int, at: tuple[int, int], **camera: float) -> Image.Image:
    """A frame whose scene has folds, large beside the shift, beside texture and a thing at some place."""
    folds = scene(seed, WIDE // 2, HIGH // 2).resize((2 * WIDE, 2 * HIGH))
    return seen(blob(ImageChops.blend(folds, around(seed), 0.35), seed, at), **camera)


def test_less_is_enough_within_a_minute() -> None:
    """Only a part of the scene is seen by both."""
    frames = fingerprint("a", seen(around(5))), fingerprint("b", seen(around(5), 150, 60))
    assert found_among(*frames, close={("a", "b"): None}) == ()
    (pair,) = found_among(*frames, close={("a", "b"): 9.0, ("a", "nobody"): 1.0})
    assert (pair.left, pair.right, pair.transform) == ("a", "b", MOVED)
    assert moved_pairs.NEIGHBOURS_MIN_SHARE <= pair.similarity < moved_pairs.MIN_SHARE


def test_neither_order_nor_children_change_what_moved(monkeypatch: pytest.MonkeyPatch) -> None:
    frames = [fingerprint(f"{seed}{n}", seen(around(seed), 30 * n, 10 * n)) for seed in range(30, 36) for n in range(2)]
    close = {(f"{seed}0", f"{seed}1"): 8.0 for seed in range(30, 36)}
    expected = find_duplicates([*strangers(), *frames], neighbours=close)
    assert {(pair.left, pair.right) for pair in expected.pairs} == set(close)
    monkeypatch.setattr(moved_pairs, "_PAIRS_PER_PART", 2)
    with LocalPool(2) as pool:
        assert find_duplicates([*strangers(), *frames][::-1], pool=pool, neighbours=close) == expected


def test_a_copy_of_a_moved_frame_is_of_the_scene_too_and_keeps_its_own_group() -> None:
    first, second = seen(around(1)), seen(around(1), *CAMERAS["to the side"])
    copies = [fingerprint(name, second) for name in "bcd"]
    pairs = found_among(fingerprint("a", first), *copies, close={("a", "c"): 7.0})
    tiers = {(pair.left, pair.right): pair.tier for pair in pairs}
    assert {one for one, tier in tiers.items() if tier is Tier.NEAR_FRAME} == {("a", "b"), ("a", "c"), ("a", "d")}
    assert {pair.group for pair in pairs if pair.tier is not Tier.NEAR_FRAME} == {"b"}
