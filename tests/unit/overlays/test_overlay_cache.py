"""What was seen is kept by content and version, and a damaged database costs nothing but its contents."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from kvqa_audit.cache.texts import TextCache
from kvqa_audit.overlays import overlay_cache as kept
from kvqa_audit.overlays.detection import Detection, ImageOverlays, Region
from kvqa_audit.overlays.overlay_cache import keep_overlays, known_overlays

SEEN = ImageOverlays("a", Detection(0.9, (Region(0.0, 0.7, 0.3, 0.3),)), Detection(0.1), {"blue": 0.01})
DIGESTS = {"a": "1" * 64, "b": "2" * 64}


@pytest.fixture
def cache(tmp_path: Path) -> TextCache:
    return TextCache(tmp_path / "texts.sqlite")


def test_same_bytes_under_another_id_are_known(cache: TextCache) -> None:
    keep_overlays(cache, [SEEN, ImageOverlays("b", problem="crashed")], DIGESTS)
    found = known_overlays(cache, {"a": "1" * 64, "copy": "1" * 64, "b": "2" * 64})
    assert found == {"a": SEEN, "copy": ImageOverlays("copy", SEEN.box, SEEN.text, SEEN.hues)}


def test_other_detectors_know_nothing(cache: TextCache, monkeypatch: pytest.MonkeyPatch) -> None:
    keep_overlays(cache, [SEEN], DIGESTS)
    monkeypatch.setattr(kept, "DETECTORS_VERSION", "overlays-0")
    assert known_overlays(cache, DIGESTS) == {}


def test_more_images_than_one_query_names(cache: TextCache) -> None:
    digests = {f"i{number}": f"{number:064d}" for number in range(1201)}
    images = [ImageOverlays(img_id, Detection(0.0), Detection(0.0)) for img_id in digests]
    keep_overlays(cache, images, digests)
    assert len(known_overlays(cache, digests)) == 1201


@pytest.mark.parametrize("text", ["", "[]", '{"box": 1, "text": null, "hues": {}}', '{"box": null}', "not json"])
def test_damaged_entry_is_looked_at_again(cache: TextCache, text: str) -> None:
    keep_overlays(cache, [SEEN], DIGESTS)
    with closing(sqlite3.connect(cache.path)) as database, database:
        database.execute("UPDATE texts SET text = ?", (text,))
    assert known_overlays(cache, DIGESTS) == {}
