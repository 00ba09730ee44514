"""A store of the version before is opened: nothing of it is lost, and its series goes on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import Connection, create_engine, inspect, text

from kvqa_audit.errors import ArtifactError, StoreError
from kvqa_audit.model import Finding, Severity
from kvqa_audit.store import database
from kvqa_audit.store.records import RunState
from kvqa_audit.store.runs import RunStore
from tests.unit.compare.samples import finished, image
from tests.unit.store.old_store import write_old_store

ROWS = [("Polyps", "How many?", str(n % 3), f"i{n}") for n in range(6)]
IMAGES = [image(f"i{n}") for n in range(6)]
WRONG = Finding("KV008", Severity.ERROR, "wrong", "i1", "How many?", "1", row=1, suggestion="say two")
BLANK = Finding("KV003", Severity.WARNING, "blank", "i2", "How many?", "2", row=2)
PAIR = Finding(
    "KV201", Severity.ERROR, "same \x00 bytes", related=("i1", "i3"), score=0.9, evidence={"group": "i1", "bits": [1]}
)
FIRST = finished(ROWS, IMAGES, [WRONG, BLANK], run_id="1" * 32, day=1)
SECOND = finished(ROWS, IMAGES, [WRONG, PAIR], run_id="2" * 32, day=2)
RUNS = (FIRST, SECOND)


@pytest.fixture
def old_place(absent_place: str) -> str:
    """A store in which the finding of KV003 was resolved, and that of KV201 new, in the second run."""
    wrong, blank = FIRST.findings
    pair = replace(SECOND.findings[1], message="same \\x00 bytes")
    write_old_store(
        absent_place, RUNS, [(wrong, [FIRST, SECOND]), (blank, [FIRST, FIRST, SECOND]), (pair, [SECOND, SECOND])]
    )
    return absent_place


@contextmanager
def opened(place: str) -> Iterator[Connection]:
    engine = create_engine(database.address_of(place))
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def test_runs_belong_to_the_default_project_and_are_finished(old_place: str) -> None:
    with RunStore(old_place) as store:
        runs = store.runs()
        assert store.load("2" * 32) == SECOND
    assert [(run.project, run.series, run.number, run.state) for run in runs] == [
        ("default", "Sample", 1, RunState.FINISHED),
        ("default", "Sample", 2, RunState.FINISHED),
    ]
    assert [(run.verdict, run.rows, run.errors, run.new, run.findings) for run in runs] == [
        ("not ready", 6, 1, None, 2),
        ("not ready", 6, 1, 1, 2),
    ]
    assert runs[1].started_at == datetime(2026, 1, 2, 10, tzinfo=UTC)
    assert runs[1].started_at.utcoffset().total_seconds() == 0  # type: ignore[union-attr]


def test_findings_of_old_runs_are_paged(old_place: str) -> None:
    with RunStore(old_place) as store:
        page = store.page("2" * 32)
    # A database server holds no NUL.
    shown = (SECOND.findings[0], replace(SECOND.findings[1], message="same \\x00 bytes"))
    assert tuple(one.finding for one in page) == shown
    assert [(one.position, one.group) for one in page] == [(0, None), (1, "i1")]


def test_series_goes_on_where_it_was(old_place: str) -> None:
    with RunStore(old_place) as store:
        before = {state.check: state for state in store.findings("Sample")}
        third = store.finish(finished(ROWS, IMAGES, [WRONG, BLANK], run_id="3" * 32, day=3))
        after = {state.check: state for state in store.findings("Sample")}
    assert before["KV003"].resolved_run == "2" * 32
    assert before["KV003"].resolved_at == datetime(2026, 1, 2, 10, 0, 9, tzinfo=UTC)
    assert before["KV201"].related == ("i1", "i3")
    assert (third.number, third.new, third.resolved, third.still_open) == (3, 1, 1, 1)
    assert (after["KV008"].first_run, after["KV008"].last_run) == ("1" * 32, "3" * 32)
    assert (after["KV003"].first_run, after["KV003"].resolved_run) == ("1" * 32, None)
    assert after["KV201"].resolved_run == "3" * 32


def test_nothing_is_left_behind_and_nothing_points_nowhere(old_place: str) -> None:
    with RunStore(old_place):
        pass
    with opened(old_place) as connection:
        assert not [name for name in inspect(connection).get_table_names() if name.startswith("old_")]
        counts = {
            table: connection.execute(text(f"SELECT count(*) FROM {table}")).scalar()
            for table in ("runs", "outcomes", "files", "findings", "finding_states")
        }
        if connection.dialect.name == "sqlite":
            assert connection.execute(text("PRAGMA foreign_key_check")).all() == []
    assert counts == {"runs": 2, "outcomes": 6, "files": 12, "findings": 4, "finding_states": 3}


def test_run_whose_findings_are_damaged_keeps_its_line_and_says_so(old_place: str) -> None:
    with opened(old_place) as connection:
        connection.execute(
            text(
                "UPDATE contents SET content = :junk WHERE sha256 = "
                "(SELECT sha256 FROM files WHERE name = 'findings.parquet' AND run LIKE '1%')"
            ),
            {"junk": b"no parquet"},
        )
    with RunStore(old_place) as store:
        assert [(run.errors, run.findings) for run in store.runs()] == [(1, None), (1, 2)]
        with pytest.raises(StoreError, match=r"holds no findings of run 1+, which was saved by an earlier version"):
            store.page("1" * 32)
        with pytest.raises((StoreError, ArtifactError), match="damaged"):
            store.load("1" * 32)
        assert len(store.page("2" * 32)) == 2


def test_store_with_a_time_that_is_none_is_left_as_it_was(old_place: str) -> None:
    with opened(old_place) as connection:
        connection.execute(text("UPDATE runs SET started_at = 'long ago' WHERE number = 2"))
    for _ in range(2):
        with pytest.raises(StoreError, match=r"cannot be brought up to date, and was left as it was.*'long ago'"):
            RunStore(old_place)
    with opened(old_place) as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar() == "0002"
        assert connection.execute(text("SELECT count(*) FROM runs")).scalar() == 2
