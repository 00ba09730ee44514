"""Texts are kept by key and version in a real database; one that is damaged or cannot be made costs nothing else."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from multiprocessing import get_context
from pathlib import Path

from kvqa_audit.cache.texts import TextCache


def keep_many(path: Path, first: int) -> None:
    for number in range(first, first + 50):
        TextCache(path).keep([(str(number), f"text {number}")], "1")


def test_what_was_kept_is_found_by_key_and_version(tmp_path: Path) -> None:
    kept = TextCache(tmp_path / "new" / "texts.sqlite")
    kept.keep([("a", "first"), ("b", "é\ud800".encode("utf-8", "replace").decode())], "1")
    kept.keep([("a", "second")], "1")
    assert TextCache(kept.path).find(["a", "b", "c"], "1") == {"a": "second", "b": "é?"}
    assert TextCache(kept.path).find(["a"], "2") == {}
    assert kept.count() == 2


def test_more_keys_than_one_query_names(tmp_path: Path) -> None:
    kept = TextCache(tmp_path / "texts.sqlite")
    texts = {str(number): str(-number) for number in range(1201)}
    kept.keep(texts.items(), "1")
    assert kept.find(texts, "1") == texts


def test_what_no_run_used_is_forgotten(tmp_path: Path) -> None:
    kept = TextCache(tmp_path / "texts.sqlite")
    kept.keep([("old", "x"), ("used", "y")], "1")
    with closing(sqlite3.connect(kept.path)) as database, database:
        database.execute("UPDATE texts SET used_at = 0")
    assert kept.find(["used"], "1") == {"used": "y"}
    kept.keep([], "1")
    assert kept.find(["old", "used"], "1") == {"used": "y"}
    assert kept.prune(1) == 0
    assert kept.prune(0) == 1
    assert kept.count() == 0


def test_two_processes_may_keep_at_once(tmp_path: Path) -> None:
    path = tmp_path / "texts.sqlite"
    context = get_context("spawn")
    processes = [context.Process(target=keep_many, args=(path, first)) for first in (0, 1000)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert TextCache(path).count() == 100


def test_damaged_database_is_made_anew(tmp_path: Path) -> None:
    kept = TextCache(tmp_path / "texts.sqlite")
    kept.path.write_bytes(b"no database, but long enough to be taken for one" * 50)
    assert kept.find(["a"], "1") == {}
    kept.keep([("a", "x")], "1")
    assert kept.find(["a"], "1") == {"a": "x"}


def test_database_whose_schema_is_no_text_is_made_anew(tmp_path: Path) -> None:
    kept = TextCache(tmp_path / "texts.sqlite")
    kept.keep([("a", "x")], "1")
    kept.path.write_bytes(kept.path.read_bytes().replace(b"CREATE TABLE", b"CREATE T\xffBLE"))
    assert kept.find(["a"], "1") == {}
    kept.keep([("a", "y")], "1")
    assert kept.find(["a"], "1") == {"a": "y"}


def test_place_where_nothing_can_be_kept_gives_nothing(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    kept = TextCache(file / "texts.sqlite")
    kept.keep([("a", "x")], "1")
    assert (kept.find(["a"], "1"), kept.count(), kept.prune(0)) == ({}, 0, 0)
