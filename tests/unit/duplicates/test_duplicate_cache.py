"""What was found among a set of images is known again for that very set, by another version of the code never."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import ImageOps
from scenes import fingerprint, scene

from kvqa_audit.cache.texts import TextCache
from kvqa_audit.duplicates import duplicate_cache as kept
from kvqa_audit.duplicates.duplicate_cache import keep_duplicates, known_duplicates
from kvqa_audit.duplicates.find import DuplicateResult, find_duplicates
from kvqa_audit.model import ImageFingerprint


@pytest.fixture(scope="module")
def images() -> tuple[ImageFingerprint, ...]:
    first = scene(1)
    pictures = {"a": first, "b": ImageOps.mirror(first), "c": scene(2), "d": first}
    return tuple(fingerprint(img_id, picture) for img_id, picture in pictures.items())


@pytest.fixture(scope="module")
def found(images: tuple[ImageFingerprint, ...]) -> DuplicateResult:
    result = find_duplicates(images)
    assert {pair.transform for pair in result.pairs} == {"identity", "flip-horizontal"}
    return result


@pytest.fixture
def cache(tmp_path: Path) -> TextCache:
    return TextCache(tmp_path / "texts.sqlite")


def test_same_images_in_any_order_are_known(
    images: tuple[ImageFingerprint, ...], found: DuplicateResult, cache: TextCache
) -> None:
    keep_duplicates(cache, images, "all", found)
    assert known_duplicates(cache, images[::-1], "all") == found
    assert known_duplicates(cache, images, "exact") is None


def test_other_images_are_not(images: tuple[ImageFingerprint, ...], found: DuplicateResult, cache: TextCache) -> None:
    keep_duplicates(cache, images, "all", found)
    first, *rest = images
    for changed in (rest, [replace(first, sha256="0" * 64), *rest], [replace(first, algorithm="other"), *rest]):
        assert known_duplicates(cache, changed, "all") is None


def test_other_code_knows_nothing(
    images: tuple[ImageFingerprint, ...],
    found: DuplicateResult,
    cache: TextCache,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keep_duplicates(cache, images, "all", found)
    (tmp_path / "verify.py").write_text("MIN_SIMILARITY = 0.5\n")
    monkeypatch.setattr(kept, "files", lambda package: tmp_path)
    assert known_duplicates(cache, images, "all") is None


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"pairs": [{"left": "a"}], "curve": [], "notes": []}'])
def test_damaged_entry_is_looked_for_again(
    images: tuple[ImageFingerprint, ...], found: DuplicateResult, cache: TextCache, text: str
) -> None:
    keep_duplicates(cache, images, "all", found)
    with closing(sqlite3.connect(cache.path)) as database, database:
        database.execute("UPDATE texts SET text = ?", (text,))
    assert known_duplicates(cache, images, "all") is None


def test_very_many_pairs_are_not_kept(
    images: tuple[ImageFingerprint, ...], found: DuplicateResult, cache: TextCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "MAX_PAIRS_KEPT", len(found.pairs) - 1)
    keep_duplicates(cache, images, "all", found)
    assert known_duplicates(cache, images, "all") is None
