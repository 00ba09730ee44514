"""Copies are found however they were altered, and nothing else is; the answer does not depend on the order."""

from __future__ import annotations

import io
import random
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageEnhance, ImageOps
from scenes import fingerprint, flat, in_view, scene
from scipy.ndimage import map_coordinates

from kvqa_audit.duplicates import blocks, exact, find, inverted_lists, nominate, similar, verify_parts
from kvqa_audit.duplicates.find import find_duplicates
from kvqa_audit.engine.local import LocalPool
from kvqa_audit.model import DuplicatePair, ImageFingerprint, Tier


@cache
def strangers() -> list[ImageFingerprint]:
    """Scenes that are not looked for; drawn once, where a test asks."""
    return [fingerprint(f"stranger{seed:02d}", scene(seed)) for seed in range(100, 130)]


def jpeg(picture: Image.Image, quality: int = 40) -> Image.Image:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality)
    return Image.open(file).convert("L")


def crop(picture: Image.Image) -> Image.Image:
    width, height = picture.size
    return picture.crop((int(width * 0.12), int(height * 0.05), int(width * 0.95), int(height * 0.9)))


def padded(picture: Image.Image) -> Image.Image:
    out = Image.new("L", (picture.width, picture.height + 60))
    out.paste(picture, (0, 30))
    return out


def boxed(picture: Image.Image) -> Image.Image:
    out = picture.copy()
    ImageDraw.Draw(out).rectangle((0, 200, 100, 288), fill=140)
    return out


def toned(curve: Callable[[float], float]) -> Callable[[Image.Image], Image.Image]:
    return lambda picture: picture.point([round(255 * min(max(curve(tone / 255), 0), 1)) for tone in range(256)])


def lettered(picture: Image.Image) -> Image.Image:
    out = picture.copy()
    ImageDraw.Draw(out).text((120, 120), "12/03/2014", fill=250, font_size=24)
    return out


def flipped(picture: Image.Image) -> Image.Image:
    return picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)


ALTERATIONS: dict[str, tuple[Callable[[Image.Image], Image.Image], set[Tier], str]] = {
    "re-encoded": (jpeg, {Tier.RE_ENCODE}, "identity"),
    "smaller": (lambda im: im.resize((180, 144)), {Tier.RE_ENCODE}, "identity"),
    "squeezed": (lambda im: im.resize((200, 200)), {Tier.RE_ENCODE}, "identity"),
    "darker": (lambda im: ImageEnhance.Brightness(im).enhance(0.7), {Tier.NEAR}, "light"),
    "far darker": (lambda im: ImageEnhance.Brightness(im).enhance(0.35), {Tier.NEAR}, "light"),
    "burnt out": (toned(lambda tone: 1.6 * tone), {Tier.NEAR}, "light"),
    "flatter": (toned(lambda tone: 0.2 + 0.6 * tone), {Tier.NEAR}, "light"),
    "of other gamma": (toned(lambda tone: tone**1.8), {Tier.NEAR}, "light"),
    "lettered": (lettered, {Tier.NEAR}, "overlay"),
    "boxed and darker": (lambda im: boxed(ImageEnhance.Brightness(im).enhance(0.7)), {Tier.NEAR}, "overlay"),
    "padded in white": (lambda im: ImageOps.expand(im, (0, 30), fill=255), {Tier.NEAR}, "padding"),
    "flipped": (flipped, {Tier.NEAR}, "flip-horizontal"),
    "upside down": (lambda im: im.transpose(Image.Transpose.ROTATE_180), {Tier.NEAR}, "rotate-180"),
    "rotated": (lambda im: im.rotate(5, Image.Resampling.BICUBIC), {Tier.NEAR}, "rotation"),
    "cropped": (crop, {Tier.NEAR}, "crop"),
    "padded": (padded, {Tier.NEAR}, "padding"),
    "boxed": (boxed, {Tier.NEAR}, "overlay"),
    "flipped and cropped": (lambda im: crop(flipped(im)), {Tier.NEAR}, "flip-horizontal + crop"),
}


def pairs_of(*fingerprints: ImageFingerprint) -> tuple[DuplicatePair, ...]:
    return find_duplicates(fingerprints).pairs


@pytest.mark.parametrize("name", ALTERATIONS)
def test_an_altered_copy_is_found_and_named(name) -> None:
    alter, tiers, transform = ALTERATIONS[name]
    (pair,) = pairs_of(*strangers(), fingerprint("a", scene(1)), fingerprint("b", alter(scene(1))))
    assert (pair.left, pair.right, pair.transform) == ("a", "b", transform)
    assert pair.tier in tiers
    assert 0.95 <= pair.similarity <= 1
    assert pair.group in ("a", "b")


def cut_out(picture: Image.Image, margin_share: float) -> Image.Image:
    left, top = int(picture.width * margin_share), int(picture.height * margin_share)
    return picture.crop((left, top, picture.width - left, picture.height - top))


def other_along_the_cut(picture: Image.Image) -> Image.Image:
    out = cut_out(picture, 0.06)
    ImageDraw.Draw(out).rectangle((0, 0, out.width - 1, out.height - 1), outline=20, width=4)
    return out


def other_along_the_rim(picture: Image.Image) -> Image.Image:
    out = picture.copy()
    ImageDraw.Draw(out).rectangle((0, 0, out.width - 1, out.height - 1), outline=80, width=18)
    return out


def other_in_the_midst(picture: Image.Image) -> Image.Image:
    """As if what lies in the midst had moved by a few pixels until the next frame of a video."""
    y, x = np.mgrid[0 : picture.height, 0 : picture.width]
    middle = ((x - picture.width / 2) ** 2 + (y - picture.height / 2) ** 2) / 50**2
    moved = map_coordinates(np.asarray(picture, float), [y, x - 24 * np.exp(-middle)], order=1, mode="nearest")
    return cut_out(Image.fromarray(moved.round().astype(np.uint8)), 0.1)


@pytest.mark.parametrize(
    ("alter", "tier", "transform"),
    [
        (other_along_the_cut, Tier.NEAR, "crop"),
        (other_in_the_midst, Tier.NEAR_FRAME, "crop"),
        (other_along_the_rim, Tier.NEAR_FRAME, "overlay"),
    ],
)
def test_a_cut_out_may_differ_along_the_cut_and_not_in_the_midst(alter, tier, transform) -> None:
    (pair,) = pairs_of(*strangers(), fingerprint("a", scene(1)), fingerprint("b", alter(scene(1))))
    assert (pair.tier, pair.transform) == (tier, transform)
    assert similar.NEAR_MIN_SIMILARITY < pair.similarity < similar.BOXED_MIN_SIMILARITY


def test_a_quarter_turn_is_found() -> None:
    turned = fingerprint("b", scene(1).transpose(Image.Transpose.ROTATE_270))
    (pair,) = pairs_of(*strangers(), fingerprint("a", scene(1)), turned)
    assert pair.transform == "rotate-90"
    assert pair.distance_bits <= 16
    (pair,) = pairs_of(*strangers(), fingerprint("c", scene(1)), turned)
    assert pair.transform == "rotate-270"


def test_frames_that_share_only_their_surround_are_no_pair() -> None:
    result = find_duplicates(strangers())
    assert result.pairs == ()
    assert result.examined["comparable_images"] == len(strangers())


def test_flat_frames_are_no_pair_unless_truly_equal() -> None:
    frames = [fingerprint(f"flat{grey}", flat(grey)) for grey in (0, 1, 100, 101, 255)]
    frames += [fingerprint(f"noisy{seed}", flat(90, noise=2, seed=seed)) for seed in range(4)]
    assert pairs_of(*frames) == ()
    (pair,) = pairs_of(*frames, fingerprint("flat0 again", flat(0)))
    assert (pair.left, pair.right, pair.tier) == ("flat0", "flat0 again", Tier.IDENTICAL_PIXELS)


@pytest.mark.parametrize("noise", [0, 3, 12])
def test_flat_fields_of_view_that_share_their_outline_are_no_pair(noise) -> None:
    frames = [fingerprint(f"f{grey}", in_view(flat(grey, noise=noise, seed=grey))) for grey in range(60, 200, 10)]
    assert pairs_of(*strangers(), *frames) == ()


def test_black_frames_of_two_sizes_are_no_pair() -> None:
    assert pairs_of(fingerprint("a", Image.new("L", (20, 10))), fingerprint("b", Image.new("L", (10, 20)))) == ()


def test_equal_files_are_found_even_if_they_are_no_images() -> None:
    broken = ImageFingerprint("b", "b.jpg", 5, "00ff", problem="not_an_image")
    (pair,) = pairs_of(broken, replace(broken, img_id="a"))
    assert (pair.left, pair.right, pair.tier, pair.distance_bits) == ("a", "b", Tier.IDENTICAL_BYTES, 0)


def test_empty_and_unread_files_are_no_pair() -> None:
    empty = [ImageFingerprint(name, name, 0, "e3b0", problem="empty") for name in "ab"]
    unread = [ImageFingerprint(name, name, 9, None, problem="unreadable") for name in "cd"]
    assert pairs_of(*empty, *unread) == ()


def test_every_copy_of_a_picture_is_paired_with_every_altered_copy() -> None:
    same = [fingerprint(name, scene(1), b"one file") for name in "abc"]
    pairs = pairs_of(*same, fingerprint("d", crop(scene(1))))
    assert [(pair.left + pair.right, pair.tier) for pair in pairs] == [
        ("ab", Tier.IDENTICAL_BYTES),
        ("ac", Tier.IDENTICAL_BYTES),
        ("ad", Tier.NEAR),
        ("bc", Tier.IDENTICAL_BYTES),
        ("bd", Tier.NEAR),
        ("cd", Tier.NEAR),
    ]
    assert len({pair.group for pair in pairs}) == 1


def test_exact_mode_gives_identical_bytes_and_pixels_only() -> None:
    frames = [
        fingerprint("a", scene(1), b"file"),
        fingerprint("b", scene(1), b"file"),
        fingerprint("c", scene(1)),
        fingerprint("d", crop(scene(1))),
    ]
    found = find_duplicates(frames, mode="exact")
    assert [(pair.left + pair.right, pair.tier) for pair in found.pairs] == [
        ("ab", Tier.IDENTICAL_BYTES),
        ("ac", Tier.IDENTICAL_PIXELS),
        ("bc", Tier.IDENTICAL_PIXELS),
    ]


def test_the_order_of_the_files_does_not_matter() -> None:
    frames = [*strangers(), *(fingerprint(name, alter[0](scene(1))) for name, alter in ALTERATIONS.items())]
    expected = find_duplicates(frames)
    assert len(expected.pairs) > 30
    shuffled = random.Random(5).sample(frames, len(frames))
    assert find_duplicates(shuffled) == expected


def test_a_huge_class_is_paired_with_its_first_member_and_says_so(monkeypatch) -> None:
    monkeypatch.setattr(find, "MAX_CLASS_WITH_ALL_PAIRS", 3)
    monkeypatch.setattr(exact.all_pairs, "__defaults__", (3,))
    result = find_duplicates([fingerprint(name, scene(1), b"one") for name in "abcde"])
    assert [(pair.left, pair.right) for pair in result.pairs] == [("a", "b"), ("a", "c"), ("a", "d"), ("a", "e")]
    assert any("5 images are equal to a" in note for note in result.notes)


def test_the_curve_counts_verified_pairs_at_their_distance() -> None:
    result = find_duplicates([*strangers(), fingerprint("a", scene(1)), fingerprint("b", jpeg(scene(1)))])
    (pair,) = result.pairs
    (verified,) = (part for part in result.curve if part.verified)
    assert (verified.distance_bits, verified.verified) == (pair.distance_bits, 1)
    assert verified.pairs >= 1


@pytest.mark.parametrize("count", [0, 1])
def test_too_few_images_are_no_error(count) -> None:
    assert find_duplicates(strangers()[:count]).pairs == ()


def test_what_few_find_among_all_many_find_in_lists(monkeypatch) -> None:
    frames = [
        fingerprint(f"{name} {seed}", one)
        for seed, (name, alter) in enumerate(ALTERATIONS.items(), 200)
        for name, one in ((f"{name}, before", scene(seed)), (f"{name}, after", alter[0](scene(seed))))
    ]
    expected = find_duplicates([*strangers(), *frames])
    monkeypatch.setattr(nominate, "MAX_PICTURES_FOR_ALL_PAIRS", 10)
    monkeypatch.setattr(inverted_lists, "_MAX_COLUMNS", 3)
    assert find_duplicates([*strangers(), *frames]) == expected
    assert len(expected.pairs) == len(ALTERATIONS)


def test_a_curve_that_is_left_out_is_told_of(monkeypatch) -> None:
    monkeypatch.setattr(similar, "MAX_IMAGES_FOR_CURVE", 2)
    result = find_duplicates([*strangers(), fingerprint("a", scene(1)), fingerprint("b", jpeg(scene(1)))])
    assert not result.curve
    assert any("too many to count all pairs" in note for note in result.notes)


@pytest.mark.parametrize("threads", [1, 3])
def test_how_the_work_is_cut_into_threads_does_not_matter(threads, monkeypatch) -> None:
    frames = [*strangers(), *(fingerprint(name, alter[0](scene(1))) for name, alter in ALTERATIONS.items())]
    expected = find_duplicates(frames)
    monkeypatch.setattr(blocks.in_blocks, "__defaults__", (threads,))
    monkeypatch.setattr(nominate, "THREADS", threads)
    assert find_duplicates(frames) == expected


def test_the_curve_has_a_line_and_no_curve_has_none() -> None:
    assert find_duplicates(strangers()).near_threshold_bits == similar.RE_ENCODE_MAX_DISTANCE_BITS
    assert find_duplicates(strangers(), mode="exact").near_threshold_bits is None


@pytest.mark.parametrize("jobs", [1, 2])
def test_children_verify_as_this_process_does(jobs, monkeypatch) -> None:
    frames = [*strangers(), *(fingerprint(name, alter[0](scene(1))) for name, alter in ALTERATIONS.items())]
    monkeypatch.setattr(verify_parts, "PAIRS_PER_PART", 10)
    expected = find_duplicates(frames)
    assert expected.examined["nominated_pairs"] > 20
    with LocalPool(jobs) as pool:
        assert find_duplicates(frames, pool=pool) == expected


def test_how_the_pairs_are_parted_does_not_matter(monkeypatch) -> None:
    frames = [*strangers(), *(fingerprint(name, alter[0](scene(1))) for name, alter in ALTERATIONS.items())]
    expected = find_duplicates(frames)
    monkeypatch.setattr(verify_parts, "PAIRS_PER_PART", 17)
    assert find_duplicates(frames).pairs == expected.pairs


def test_part_that_children_are_lost_with_is_verified_here(monkeypatch) -> None:
    frames = [*strangers(), *(fingerprint(name, alter[0](scene(1))) for name, alter in ALTERATIONS.items())]
    monkeypatch.setattr(verify_parts, "PAIRS_PER_PART", 10)
    expected = find_duplicates(frames)
    with LocalPool(1, item_timeout_seconds=0.001) as pool:
        assert find_duplicates(frames, pool=pool) == expected
