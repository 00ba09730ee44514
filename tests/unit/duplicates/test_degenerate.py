"""Pictures that hold too little to be known by are no pair, whatever light or pattern they share; equal ones are."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter
from scenes import scene

from kvqa_audit.duplicates.fields import fields_of
from kvqa_audit.duplicates.find import find_duplicates
from kvqa_audit.duplicates.pictures import Pictures
from kvqa_audit.images.fingerprint import fingerprint
from kvqa_audit.images.full_pixels import full_pixel_digest
from kvqa_audit.ingest.dataset import RawImage
from kvqa_audit.model import ImageFingerprint, Tier

WIDTH, HEIGHT = 640, 512
COUNT = 6
Y, X = np.mgrid[0 : 1 : HEIGHT * 1j, 0 : 1 : WIDTH * 1j]
OUTSIDE = np.abs(2 * X - 1) + np.abs(2 * Y - 1) > 1.5

Values = NDArray[np.float64]
Rng = np.random.Generator


def picture(values: Values) -> Image.Image:
    return Image.fromarray(np.clip(values, 0, 255).astype(np.uint8)).convert("RGB")


def in_octagon(values: Values) -> Values:
    return np.where(OUTSIDE, 0, np.clip(values, 0, 255))


def lamp(rng: Rng, width: tuple[float, float] = (0.05, 0.4)) -> Values:
    """One light with its own centre, width and brightness, on black."""
    x, y = 0.5 + rng.normal(0, 0.08, 2)
    return rng.uniform(110, 250) * np.exp(-((X - x) ** 2 + (Y - y) ** 2) / rng.uniform(*width))


def noise(rng: Rng, least: float, most: float) -> Values:
    return rng.normal(0, rng.uniform(least, most), (HEIGHT, WIDTH))


def grain(rng: Rng, grain_px: int, deviation: float) -> Values:
    small = rng.normal(128, deviation, (HEIGHT // grain_px, WIDTH // grain_px))
    large = Image.fromarray(np.clip(small, 0, 255).astype(np.uint8)).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
    return np.asarray(large, float) - 128


def dots(rng: Rng) -> Values:
    """A few specular dots on black."""
    at = rng.uniform(0.2, 0.8, (5, 2))
    sharpness = rng.uniform(2_000, 20_000, 5)
    found: Values = sum(
        220 * np.exp(-((X - x) ** 2 + (Y - y) ** 2) * s) for (x, y), s in zip(at, sharpness, strict=True)
    )
    return found


def wave(rng: Rng, cycles: float, angle: float = 0.0) -> Values:
    phase = rng.uniform(0, 2 * np.pi)
    found: Values = np.sin(2 * np.pi * cycles * (np.cos(angle) * X + np.sin(angle) * Y) + phase)
    return found


def gradient(rng: Rng) -> Values:
    angle = rng.uniform(0, np.pi / 2)
    found: Values = 255 * (np.cos(angle) * X + np.sin(angle) * Y) / (np.cos(angle) + np.sin(angle))
    return found


def radial(rng: Rng) -> Values:
    x, y = 0.5 + rng.uniform(-0.15, 0.15, 2)
    found: Values = 255 - rng.uniform(150, 400) * np.hypot(X - x, Y - y)
    return found


def bars(rng: Rng, across: bool) -> Image.Image:
    colours = rng.integers(0, 256, (1, 8, 3), dtype=np.uint8)
    small = Image.fromarray(colours if across else colours.transpose(1, 0, 2))
    return small.resize((WIDTH, HEIGHT), Image.Resampling.NEAREST)


def lettered(canvas: Image.Image, rng: Rng, lines: int) -> Image.Image:
    words = "\n".join(f"EXAM {number:05d}  IMAGE {number % 97:03d}" for number in rng.integers(0, 99_999, lines))
    ImageDraw.Draw(canvas).text((20, 20), words, fill=(240, 240, 240), font_size=28)
    return canvas


def blurred(rng: Rng, radius_px: int) -> Image.Image:
    return scene(int(rng.integers(1 << 30)), WIDTH, HEIGHT).filter(ImageFilter.GaussianBlur(radius_px)).convert("RGB")


KINDS: dict[str, Callable[[Rng], Image.Image]] = {
    "flat": lambda rng: picture(np.full((HEIGHT, WIDTH, 3), rng.uniform(5, 250, 3))),
    "flat with sensor noise": lambda rng: picture(rng.uniform(20, 240) + noise(rng, 2, 8)),
    "flat octagon with noise": lambda rng: picture(in_octagon(rng.uniform(40, 220) + noise(rng, 2, 8))),
    "near black": lambda rng: picture(rng.uniform(2, 18) + noise(rng, 1, 4)),
    "near black and shaded": lambda rng: picture(in_octagon(lamp(rng) * 0.16)),
    "black with dots": lambda rng: picture(dots(rng)),
    "near black with dots": lambda rng: picture(12 + noise(rng, 1, 4) + dots(rng)),
    "black with a line of text": lambda rng: lettered(picture(np.zeros((HEIGHT, WIDTH))), rng, 1),
    "black with lines of text": lambda rng: lettered(picture(np.zeros((HEIGHT, WIDTH))), rng, 12),
    "flat octagon with text": lambda rng: lettered(picture(in_octagon(np.full_like(X, rng.uniform(60, 200)))), rng, 1),
    "vignette": lambda rng: picture(lamp(rng)),
    "vignette in an octagon": lambda rng: picture(in_octagon(lamp(rng))),
    "vignette with noise": lambda rng: picture(in_octagon(lamp(rng) + noise(rng, 2, 8))),
    "vignette with dots": lambda rng: picture(in_octagon(lamp(rng) + dots(rng))),
    "vignette with grain": lambda rng: picture(in_octagon(lamp(rng) + grain(rng, 8, 12))),
    "two lamps": lambda rng: picture(in_octagon(20 + 0.7 * lamp(rng, (0.02, 0.2)) + 0.7 * lamp(rng, (0.02, 0.2)))),
    "overexposed": lambda rng: picture(in_octagon(np.clip(4 * lamp(rng, (0.05, 0.2)), 30, 255))),
    "linear gradient": lambda rng: picture(gradient(rng)),
    "linear gradient in an octagon": lambda rng: picture(in_octagon(60 + 0.7 * gradient(rng))),
    "radial gradient": lambda rng: picture(radial(rng)),
    "radial gradient in an octagon": lambda rng: picture(in_octagon(radial(rng))),
    "stripes": lambda rng: picture(127 + 100 * wave(rng, 8)),
    "stripes of any width": lambda rng: picture(127 + 100 * wave(rng, rng.uniform(3, 16), rng.uniform(0, 3))),
    "hard stripes": lambda rng: picture(127 + 100 * np.sign(wave(rng, rng.uniform(3, 12)))),
    "stripes in an octagon": lambda rng: picture(in_octagon(127 + 90 * wave(rng, rng.uniform(6, 12)))),
    "checkers": lambda rng: picture(127 + 100 * np.sign(wave(rng, 6) * wave(rng, 6, np.pi / 2))),
    "colour bars": lambda rng: bars(rng, across=True),
    "colour bars that lie": lambda rng: bars(rng, across=False),
    "blurred by 40 px": lambda rng: blurred(rng, 40),
    "blurred by 60 px": lambda rng: blurred(rng, 60),
}


def on_black(drawn: Image.Image, width_share: float) -> Image.Image:
    """The picture as a film that fills the height and a part of the width of a black ground."""
    film = drawn.resize((round(width_share * WIDTH), HEIGHT))
    ground = Image.new("RGB", (WIDTH, HEIGHT))
    ground.paste(film, ((WIDTH - film.width) // 2, 0))
    return ground


def fingerprinted(img_id: str, drawn: Image.Image, quality: int = 90) -> ImageFingerprint:
    file = io.BytesIO()
    drawn.save(file, "JPEG", quality=quality)
    return fingerprint(RawImage(img_id, f"{img_id}.jpg", file.getvalue()))


@pytest.fixture(scope="module")
def drawn() -> dict[str, list[ImageFingerprint]]:
    rng = np.random.default_rng(11)
    return {kind: [fingerprinted(f"{kind} {k}", draw(rng)) for k in range(COUNT)] for kind, draw in KINDS.items()}


@pytest.mark.parametrize("kind", KINDS)
def test_different_pictures_of_a_kind_are_no_pair(drawn, kind) -> None:
    assert len({found.sha256 for found in drawn[kind]}) == COUNT
    assert find_duplicates(drawn[kind]).pairs == ()


def test_all_kinds_together_are_no_pair(drawn) -> None:
    assert find_duplicates([found for kind in drawn.values() for found in kind]).pairs == ()


@pytest.mark.parametrize("kind", ["flat", "vignette", "stripes", "colour bars", "black with dots"])
def test_equal_pictures_are_found_however_little_they_hold(kind) -> None:
    first, again = (KINDS[kind](np.random.default_rng(3)) for _ in "ab")
    (pair,) = find_duplicates([fingerprinted("a", first), fingerprinted("b", again)]).pairs
    assert pair.tier == Tier.IDENTICAL_BYTES
    file = io.BytesIO()
    Image.open(io.BytesIO(_png(first))).save(file, "PNG", compress_level=1)
    lossless = [RawImage("a", "a.png", _png(first)), RawImage("b", "b.png", file.getvalue())]
    images = [replace(fingerprint(raw), full_pixel_digest=full_pixel_digest(raw.data)) for raw in lossless]
    (pair,) = find_duplicates(images).pairs
    assert pair.tier == Tier.IDENTICAL_PIXELS


def _png(drawn: Image.Image) -> bytes:
    file = io.BytesIO()
    drawn.save(file, "PNG", compress_level=9)
    return file.getvalue()


@pytest.mark.parametrize("radius_px", [2, 6])
@pytest.mark.parametrize("light", [0.35, 0.7, 1.0])
def test_dark_and_blurred_scenes_stay_comparable(radius_px, light) -> None:
    scenes = [scene(seed, WIDTH, HEIGHT).convert("RGB") for seed in range(6)]
    dark = [ImageEnhance.Brightness(drawn).enhance(light) for drawn in scenes]
    soft = [drawn.filter(ImageFilter.GaussianBlur(radius_px)) for drawn in dark]
    found = [
        fingerprinted(f"{kind}{k}", drawn) for kind, many in (("a", dark), ("b", soft)) for k, drawn in enumerate(many)
    ]
    assert fields_of(Pictures.of(found).grey).usable.all()
    assert {(pair.left, pair.right) for pair in find_duplicates(found).pairs} == {(f"a{k}", f"b{k}") for k in range(6)}


@pytest.mark.parametrize("width_share", [0.22, 0.29])
def test_copies_of_narrow_pictures_are_found_and_different_ones_are_no_pair(width_share) -> None:
    films = [on_black(scene(seed, WIDTH, HEIGHT).convert("RGB"), width_share) for seed in range(6)]
    found = [fingerprinted(f"a{k}", film) for k, film in enumerate(films)]
    found += [fingerprinted(f"b{k}", film.resize((WIDTH // 2, HEIGHT // 2))) for k, film in enumerate(films)]
    assert {(pair.left, pair.right) for pair in find_duplicates(found).pairs} == {(f"a{k}", f"b{k}") for k in range(6)}


@pytest.mark.parametrize("width_share", [0.24, 0.35])
def test_different_narrow_pictures_of_all_kinds_are_no_pair(width_share) -> None:
    rng = np.random.default_rng(12)
    kinds = [(kind, draw) for kind, draw in KINDS.items() for _ in range(3)]
    narrow = [fingerprinted(f"{kind} {k}", on_black(draw(rng), width_share)) for k, (kind, draw) in enumerate(kinds)]
    assert find_duplicates(narrow).pairs == ()
