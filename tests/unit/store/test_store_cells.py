"""A store that another program changed is told in words: which table and column, and what stands there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import StatementError

from kvqa_audit.errors import StoreError
from kvqa_audit.model import Finding, Severity
from kvqa_audit.store.cells import moment
from kvqa_audit.store.database import address_of
from kvqa_audit.store.records import RunStart, RunState
from kvqa_audit.store.runs import RunStore
from tests.unit.compare.samples import finished, image

WRONG = Finding("KV008", Severity.ERROR, "wrong", "i1", "How many?", "1", row=1)
RUN = finished([("Polyps", "How many?", "1", "i1")], [image("i1")], [WRONG])


def asked(store: RunStore, what: str) -> Any:
    if what == "begin":
        return store.begin(RunStart("c" * 32, "Sample", "/data"))
    if what == "finish":
        return store.finish(finished([], [image("z", content="i1")], [WRONG], run_id="b" * 32, day=2))
    ask = {"runs": store.runs, "load": store.load, "page": store.page, "findings": store.findings}[what]
    return ask(*({"load": [RUN.run_id], "page": [RUN.run_id], "findings": ["Sample"]}.get(what, [])))  # type: ignore[operator]


def assert_told(place: str, change: str, what: str, words: str) -> None:
    with RunStore(place) as store:
        store.finish(RUN)
        engine = create_engine(address_of(place))
        with engine.begin() as connection:
            connection.execute(text(change))
        engine.dispose()
        with pytest.raises(StoreError, match=words):
            asked(store, what)


@pytest.mark.parametrize(
    ("change", "what", "words"),
    [
        ("UPDATE runs SET state = 'zzz'", "runs", "table projects and runs and series cannot be read .*'zzz'"),
        ("UPDATE finding_states SET related = '{'", "findings", "table finding_states cannot be read"),
        (f"UPDATE finding_states SET related = '{'[' * 9_000}'", "findings", "finding_states cannot be read .*deeply"),
        ("UPDATE finding_states SET related = '5'", "finish", "table finding_states, column related: holds 5"),
        ("UPDATE finding_states SET related = '{'", "begin", "table finding_states cannot be read"),
        ("UPDATE finding_states SET severity = 'y'", "finish", "table finding_states cannot be read .*'y'"),
        ("UPDATE findings SET evidence = '[]'", "page", r"table findings, column evidence: holds \[\], .* no dict"),
        ("UPDATE contents SET content = substr(content, 2)", "load", "run a+: its file .* is damaged"),
        ("UPDATE contents SET content = substr(content, 2)", "finish", "run a+: its file .* is damaged"),
    ],
)
def test_cell_that_any_database_may_hold_is_told(place: str, change: str, what: str, words: str) -> None:
    assert_told(place, change, what, words)


@pytest.mark.parametrize(
    ("change", "what", "words"),
    [
        ("UPDATE runs SET errors = 'y'", "runs", "table runs, column errors: holds 'y', which is no int"),
        ("UPDATE runs SET errors = 'y'", "begin", "table runs, column errors: holds 'y', which is no int"),
        ("UPDATE runs SET rows = 0.5", "load", "table runs, column rows: holds 0.5, which is no int"),
        ("UPDATE runs SET number = x'00'", "finish", "table runs, column number"),
        ("UPDATE runs SET dataset = x'ff'", "page", "table runs, column dataset"),
        ("UPDATE runs SET started_at = 'yesterday'", "runs", "cannot be read .*yesterday"),
        ("UPDATE runs SET started_at = 5", "runs", "cannot be read"),
        ("UPDATE projects SET name = x'00'", "runs", "table projects, column name"),
        ("UPDATE findings SET score = 'high'", "page", "table findings, column score"),
        ("UPDATE findings SET row = 'two'", "page", "table findings, column row: holds 'two'"),
        ("UPDATE contents SET content = 'junk'", "load", "table contents, column content: holds 'junk'"),
        ("UPDATE contents SET content = 'junk'", "finish", "table contents, column content: holds 'junk'"),
    ],
)
def test_cell_that_only_sqlite_lets_in_is_told(tmp_path: Path, change: str, what: str, words: str) -> None:
    assert_told(str(tmp_path / "runs.sqlite"), change, what, words)


def test_times_are_the_same_moments_whatever_zone_a_server_speaks_of(place: str) -> None:
    with RunStore(place) as store:
        stored = store.finish(RUN)
    if place.startswith("postgresql"):
        place += "?options=-c%20timezone%3DAsia/Kolkata"
    with RunStore(place) as store:
        (read,) = store.runs()
        (state,) = store.findings("Sample")
        assert read == stored
    for time in (read.started_at, read.finished_at, state.first_seen):
        assert time is not None
        assert time.utcoffset() == timedelta(0)
    assert read.started_at == datetime(2026, 1, 1, 15, 30, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    assert read.state is RunState.FINISHED


def test_times_without_a_zone_are_taken_for_utc_when_read_and_refused_when_written(place: str) -> None:
    assert moment("2026-01-01T10:00:00") == moment("2026-01-01T12:00:00+02:00") == datetime(2026, 1, 1, 10, tzinfo=UTC)
    from kvqa_audit.store.tables import RUNS

    with RunStore(place) as store:
        store.finish(RUN)
        with pytest.raises(StatementError, match="without a zone"), store._engine.begin() as connection:
            connection.execute(RUNS.update().values(started_at=datetime(2026, 1, 1)))
