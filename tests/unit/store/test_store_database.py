"""A store is made, upgraded, refused when it is newer or none, and shared by processes that save at once."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect, text

from kvqa_audit.errors import StoreError
from kvqa_audit.store import database
from kvqa_audit.store.review_tables import METADATA
from kvqa_audit.store.runs import RunStore
from tests.unit.compare.samples import finished, image

ROWS = [("Polyps", "How many?", str(n % 3), f"i{n}") for n in range(6)]
SAVER = """
import sys
from kvqa_audit.model import Finding, Severity
from kvqa_audit.store.runs import RunStore
from tests.unit.compare.samples import finished, image
place, begin = sys.argv[1:]
rows = [("Polyps", "How many?", str(n % 3), f"i{n}") for n in range(6)]
for turn in range(4):
    findings = [Finding("KV008", Severity.ERROR, "wrong", f"i{n}", "q", begin) for n in range(50)]
    run = finished(rows, [image(f"i{n}") for n in range(6)], findings, run_id=begin * 16 + f"{turn:016x}")
    with RunStore(place) as store:
        store.finish(run)
"""


def test_steps_make_exactly_the_tables_of_this_version(absent_place: str) -> None:
    with RunStore(absent_place) as store, store._engine.begin() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []


def test_versions_are_those_of_the_steps() -> None:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "kvqa_audit.store:migrations")
    steps = ScriptDirectory.from_config(config).walk_revisions()
    assert tuple(step.revision for step in steps)[::-1] == database.VERSIONS


@pytest.mark.parametrize("version", database.VERSIONS[:-1])
def test_store_of_any_earlier_version_becomes_one_of_this_version(absent_place: str, version: str) -> None:
    engine = create_engine(database.address_of(absent_place))
    with engine.begin() as connection:
        database._upgrade(connection, version)
    engine.dispose()
    with RunStore(absent_place) as store, store._engine.begin() as connection:
        assert compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), METADATA) == []
        assert store.runs() == ()


def test_older_store_is_upgraded_and_keeps_its_runs(absent_place: str) -> None:
    engine = create_engine(database.address_of(absent_place))
    with engine.begin() as connection:
        database._upgrade(connection, "0001")
        assert "files" not in inspect(connection).get_table_names()
        connection.execute(text("INSERT INTO series VALUES ('Sample', 'old')"))
        connection.execute(
            text(
                "INSERT INTO runs VALUES ('old', 'Sample', 1, 'Sample', 'd', '/data', NULL, 6, 6, '2026-01-01', "
                "'2026-01-01', '0.1', 1, 'not ready', 1, 0, 0, 0, NULL, NULL, NULL)"
            )
        )
        connection.execute(
            text(
                "INSERT INTO findings VALUES ('Sample', 'k1', 'KV008', 'error', 'open', 'i1', 'q', 'a', '[]', 'wrong', "
                "'old', '2026-01-01', 'old', '2026-01-01', NULL, NULL)"
            )
        )
    engine.dispose()
    with RunStore(absent_place) as store:
        stored = store.finish(finished(ROWS, [image("i1")], day=2))
        assert [(run.id[:3], run.number) for run in store.runs()] == [("old", 1), ("aaa", 2)]
        assert (stored.new, stored.resolved) == (0, 1)
        with pytest.raises(StoreError, match="holds no files of run old, which was saved by an earlier version"):
            store.load("old")


def test_newer_store_is_refused_and_left_alone(place: str) -> None:
    with RunStore(place) as store, store._engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0999'"))
    with pytest.raises(StoreError, match=r"newer kvqa-audit \(store version 0999.*Update kvqa-audit"):
        RunStore(place)
    engine = create_engine(database.address_of(place))
    with engine.begin() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar() == "0999"
    engine.dispose()


def test_foreign_database_is_refused(absent_place: str) -> None:
    engine = create_engine(database.address_of(absent_place))
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE patients (id INTEGER)"))
    engine.dispose()
    with pytest.raises(StoreError, match="is no store of kvqa-audit"):
        RunStore(absent_place)


def test_processes_make_one_store_and_save_at_once(absent_place: str) -> None:
    begins = "012"
    processes = [
        subprocess.Popen([sys.executable, "-c", SAVER, absent_place, begin], stderr=subprocess.PIPE, text=True)
        for begin in begins
    ]
    failed = [words for process in processes if (words := process.communicate(timeout=240)[1])]
    assert not failed
    with RunStore(absent_place) as store:
        runs = store.runs()
        assert [run.number for run in runs] == list(range(1, 13))
        assert {run.id[0] for run in runs} == set(begins)
        states = store.findings("Sample")
    assert len(states) == 50 * len(begins)
    # Only what the last run found is still there; each run resolved what another had found before it.
    assert {state.answer for state in states if state.resolved_run is None} == {runs[-1].id[0]}
    for before, after in pairwise(runs):
        assert (after.new, after.resolved) == ((0, 0) if before.id[0] == after.id[0] else (50, 50))


def test_file_is_in_wal_mode_and_waits_for_a_writer(tmp_path: Path) -> None:
    with RunStore(str(tmp_path / "runs.sqlite")) as store, store._engine.begin() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(text("PRAGMA busy_timeout")).scalar() == database.BUSY_SECONDS * 1000


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ("nonsense://x", "no driver for this kind of database is installed"),
        ("://", "URL cannot be read"),
        pytest.param(
            "postgresql://someone:geheim@127.0.0.1:1/db",
            "the store cannot be used",
            marks=pytest.mark.skipif(find_spec("psycopg") is None, reason="psycopg is not installed"),
        ),
    ],
)
def test_unusable_places_are_told_in_words_and_without_passwords(where: str, words: str) -> None:
    with pytest.raises(StoreError, match=words) as caught:
        RunStore(where)
    assert "geheim" not in str(caught.value)


def test_files_that_are_no_store_are_told_in_words(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing of a database " * 100)
    with pytest.raises(StoreError, match="is no store, or is damaged"):
        RunStore(str(tmp_path / "notes.txt"))
    with RunStore(str(tmp_path / "runs.sqlite")):
        pass
    schema = (tmp_path / "runs.sqlite").read_bytes().replace(b"CREATE TABLE", b"CREATE T\xffBLE")
    (tmp_path / "runs.sqlite").write_bytes(schema)
    with pytest.raises(StoreError, match=r"its schema is malformed .*is no store, or is damaged"):
        RunStore(str(tmp_path / "runs.sqlite"))
    with pytest.raises(StoreError, match="there is no such store"):
        RunStore(str(tmp_path / "missing.sqlite"), make=False)
    assert not (tmp_path / "missing.sqlite").exists()
    with pytest.raises(StoreError, match="cannot be made"):
        RunStore(str(tmp_path / "notes.txt" / "runs.sqlite"))
