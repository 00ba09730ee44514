"""What was found among a set of images is known again for that very set, by another version of the code never."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import ImageOps
from scenes import fingerprint, scene

from kvqa_audit.duplicates import duplicate_cache as kept
from kvqa_audit.duplicates.duplicate_cache import DuplicateCache
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


def test_same_images_in_any_order_are_known(
    images: tuple[ImageFingerprint, ...], found: DuplicateResult, tmp_path: Path
) -> None:
    DuplicateCache(tmp_path).keep(images, "all", found)
    assert DuplicateCache(tmp_path).find(images[::-1], "all") == found
    assert DuplicateCache(tmp_path).find(images, "exact") is None


def test_other_images_are_not(images: tuple[ImageFingerprint, ...], found: DuplicateResult, tmp_path: Path) -> None:
    store = DuplicateCache(tmp_path)
    store.keep(images, "all", found)
    first, *rest = images
    for changed in (rest, [replace(first, sha256="0" * 64), *rest], [replace(first, algorithm="other"), *rest]):
        assert store.find(changed, "all") is None


def test_other_code_knows_nothing(
    images: tuple[ImageFingerprint, ...], found: DuplicateResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    DuplicateCache(tmp_path / "kept").keep(images, "all", found)
    (tmp_path / "verify.py").write_text("MIN_SIMILARITY = 0.5\n")
    monkeypatch.setattr(kept, "files", lambda package: tmp_path)
    assert DuplicateCache(tmp_path / "kept").find(images, "all") is None


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"pairs": [{"left": "a"}], "curve": [], "notes": []}'])
def test_damaged_entry_is_looked_for_again(
    images: tuple[ImageFingerprint, ...], found: DuplicateResult, tmp_path: Path, text: str
) -> None:
    store = DuplicateCache(tmp_path)
    store.keep(images, "all", found)
    with closing(sqlite3.connect(store.texts.path)) as database, database:
        database.execute("UPDATE texts SET text = ?", (text,))
    assert store.find(images, "all") is None


def test_very_many_pairs_are_not_kept(
    images: tuple[ImageFingerprint, ...], found: DuplicateResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "MAX_PAIRS_KEPT", len(found.pairs) - 1)
    DuplicateCache(tmp_path).keep(images, "all", found)
    assert DuplicateCache(tmp_path).find(images, "all") is None
