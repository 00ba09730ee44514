"""The cache: what it keeps, forgets, survives and notes."""

from __future__ import annotations

import multiprocessing
import pickle
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from pictures import encoded, frame

from kvqa_audit.cache.caches import FOLDER_VARIABLE, cache_folder
from kvqa_audit.cache.fingerprints import (
    FingerprintCache,
    FingerprintLookup,
    from_values,
    version_of,
)
from kvqa_audit.images.fingerprint import fingerprint
from kvqa_audit.ingest.dataset import RawImage
from kvqa_audit.ingest.image_place import ImagePlace
from kvqa_audit.model import ImageFingerprint

ONE = fingerprint(RawImage("a", "images/a.jpg", encoded(frame(200, 160))))
VERSION = version_of(ONE.decoder, ONE.algorithm)
PLACE = ImagePlace("/data\0images/a.jpg", "1:2:3")


def test_unchanged_place_gives_the_very_same_fingerprint(tmp_path: Path) -> None:
    with FingerprintCache(tmp_path) as cache:
        cache.keep([ONE], [(PLACE, ONE)])
    with FingerprintCache(tmp_path) as cache:
        kept = cache.find_unchanged([PLACE], VERSION)
        assert kept[PLACE.location].fingerprint("a", ONE.decoder, ONE.algorithm) == ONE
        assert cache.notes == []


@pytest.mark.parametrize(
    ("place", "version"),
    [(replace(PLACE, stamp="1:2:4"), VERSION), (replace(PLACE, location="/other"), VERSION), (PLACE, "next version")],
)
def test_changed_file_other_place_or_other_version_gives_nothing(
    tmp_path: Path, place: ImagePlace, version: str
) -> None:
    with FingerprintCache(tmp_path) as cache:
        cache.keep([ONE], [(PLACE, ONE)])
        assert cache.find_unchanged([place], version) == {}


def test_many_places_at_once(tmp_path: Path) -> None:
    places = [ImagePlace(f"/data/{number}", "s") for number in range(1300)]
    with FingerprintCache(tmp_path) as cache:
        cache.keep([ONE], [(place, ONE) for place in places])
        assert len(cache.find_unchanged(places, VERSION)) == 1300


def test_reader_finds_by_content_and_version(tmp_path: Path) -> None:
    with FingerprintCache(tmp_path) as cache:
        cache.keep([ONE], [])
        reader = pickle.loads(pickle.dumps(cache.lookup()))
        values = reader.find(ONE.sha256 or "", VERSION)
        assert values is not None
        assert from_values(values, "a", ONE.path, ONE.size_bytes, ONE.decoder, ONE.algorithm) == ONE
        assert reader.find(ONE.sha256 or "", "next version") is None
        reader.close()
    missing = FingerprintLookup(tmp_path / "none.sqlite")
    assert missing.find("x", VERSION) is None


@pytest.mark.parametrize("schema", [False, True])
def test_damaged_cache_is_set_aside_and_made_anew(tmp_path: Path, schema: bool) -> None:
    with FingerprintCache(tmp_path) as cache:
        path = cache.path
    is_no_text = path.read_bytes().replace(b"CREATE TABLE", b"CREATE T\xffBLE")
    damaged = is_no_text if schema else b"this is no database, " * 500
    path.write_bytes(damaged)
    with FingerprintCache(tmp_path) as cache:
        cache.keep([ONE], [(PLACE, ONE)])
        assert list(cache.find_unchanged([PLACE], VERSION)) == [PLACE.location]
        (note,) = cache.notes
        assert "damaged" in note
    assert [file.read_bytes()[:90] for file in tmp_path.glob("*.damaged-*")] == [damaged[:90]]


def test_damage_met_later_is_noted_and_costs_the_cache_alone(tmp_path: Path) -> None:
    with FingerprintCache(tmp_path) as cache:
        path = cache.path
        many = [replace(ONE, sha256=f"{number:064x}") for number in range(200)]
        cache.keep(many, [(ImagePlace(f"/{one.sha256}", "s"), one) for one in many])
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 200_000)
    with FingerprintCache(tmp_path) as cache:
        cache.find_unchanged([ImagePlace(f"/{one.sha256}", "s") for one in many], VERSION)
        cache.keep([ONE], [(PLACE, ONE)])
        assert cache.notes
        assert PLACE.location in cache.find_unchanged([PLACE], VERSION)


@pytest.mark.parametrize("value", [b"\xff", 7.5, 8, "x", None])
def test_a_cell_that_is_not_what_was_kept_gives_nothing(tmp_path: Path, value: object) -> None:
    with FingerprintCache(tmp_path) as cache:
        cache.keep([ONE], [(PLACE, ONE)])
    whole = cache.path.read_bytes()
    with sqlite3.connect(cache.path) as database:
        tables = {
            table: [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
            for table in ("fingerprints", "files")
        }
    database.close()
    changed = 0
    for table, column in [(table, column) for table, columns in tables.items() for column in columns]:
        cache.path.write_bytes(whole)
        with sqlite3.connect(cache.path) as database:
            before = database.execute(f"SELECT {column} FROM {table}").fetchone()
            with suppress(sqlite3.IntegrityError):
                database.execute(f"UPDATE {table} SET {column} = ?", (value,))
            after = database.execute(f"SELECT {column} FROM {table}").fetchone()
        database.close()
        changed += before != after
        with FingerprintCache(tmp_path) as read:
            unchanged = read.find_unchanged([PLACE], VERSION).get(PLACE.location)
        by_content = FingerprintLookup(cache.path)
        found = by_content.find(str(ONE.sha256), VERSION)
        by_content.close()
        for values in (None if unchanged is None else unchanged.values, found):
            about = ("a", ONE.path, ONE.size_bytes, ONE.decoder, ONE.algorithm)
            assert values is None or from_values(values, *about) == ONE
        assert unchanged is None or (unchanged.path, unchanged.size_bytes) == (ONE.path, ONE.size_bytes)
    assert changed >= 15


def test_unusable_folder_is_a_note(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with FingerprintCache(tmp_path / "file" / "below") as cache:
        cache.keep([ONE], [(PLACE, ONE)])
        assert cache.find_unchanged([PLACE], VERSION) == {}
        assert cache.prune() == 0
        (note,) = cache.notes
        assert "not used" in note


def test_prune_forgets_what_was_not_used(tmp_path: Path) -> None:
    with FingerprintCache(tmp_path) as cache:
        old = replace(ONE, sha256="0" * 64)
        cache.keep([ONE, old], [(PLACE, ONE), (ImagePlace("/old", "s"), old)])
        with sqlite3.connect(cache.path) as database:
            for table in ("fingerprints", "files"):
                database.execute(f"UPDATE {table} SET used_at = 1000 WHERE sha256 = ?", (old.sha256,))
        database.close()
        assert cache.prune(unused_days=30) == 1
        assert len(cache.find_unchanged([PLACE, ImagePlace("/old", "s")], VERSION)) == 1
        assert cache.prune(unused_days=0) == 1


def test_use_keeps_from_being_forgotten(tmp_path: Path) -> None:
    with FingerprintCache(tmp_path) as cache:
        cache.keep([ONE], [(PLACE, ONE)])
        with sqlite3.connect(cache.path) as database:
            for table in ("fingerprints", "files"):
                database.execute(f"UPDATE {table} SET used_at = 1000")
        database.close()
        cache.find_unchanged([PLACE], VERSION)
        assert cache.prune(unused_days=30) == 0


def write_many(folder: Path, first: int, one: ImageFingerprint) -> None:
    with FingerprintCache(folder) as cache:
        for number in range(first, first + 100):
            mine = replace(one, sha256=f"{number:064x}")
            cache.keep([mine], [(ImagePlace(f"/{number}", "s"), mine)])
        if cache.notes:
            raise SystemExit(1)


def test_two_runs_at_once_both_keep_everything(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    runs = [context.Process(target=write_many, args=(tmp_path, first, ONE)) for first in (0, 100)]
    for run in runs:
        run.start()
    for run in runs:
        run.join(60)
    assert [run.exitcode for run in runs] == [0, 0]
    with FingerprintCache(tmp_path) as cache:
        assert len(cache.find_unchanged([ImagePlace(f"/{number}", "s") for number in range(200)], VERSION)) == 200


def test_cache_opened_in_one_thread_serves_others_and_is_not_taken_for_damaged(tmp_path: Path) -> None:
    def work(first: int) -> None:
        for number in range(first, first + 50):
            mine = replace(ONE, sha256=f"{number:064x}")
            place = ImagePlace(f"/{number}", "s")
            cache.keep([mine], [(place, mine)])
            assert place.location in cache.find_unchanged([place], VERSION)

    with FingerprintCache(tmp_path) as cache, ThreadPoolExecutor(2) as threads:
        for done in [threads.submit(work, first) for first in (0, 50)]:
            done.result()
        assert cache.notes == []
        assert cache.count() == 100
    assert not list(tmp_path.glob("*.damaged-*"))


def test_folder_is_the_named_one_or_the_platforms(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "mine"))
    assert cache_folder() == tmp_path / "mine"
    monkeypatch.delenv(FOLDER_VARIABLE)
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "xdg" / "kvqa-audit"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == tmp_path / ".cache" / "kvqa-audit"
