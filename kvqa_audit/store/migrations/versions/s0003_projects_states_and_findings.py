"""A store of finished runs comes in; series belong to projects, runs have states, and each run's findings have rows.

Times become moments in UTC. What a run found is read from the `findings.parquet` that the store holds; a run whose file
is not there, or damaged, keeps its line and has no rows.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_OLD = ("series", "runs", "outcomes", "findings", "files")
_TIME = sa.DateTime(timezone=True)
_WORDS = ("reason", "dataset", "location", "revision")
_RESULTS = ("rows", "images", "exit_code", "errors", "warnings", "notices", "waived", "new", "resolved", "still_open")
_RUNS = ("first_run", "last_run", "resolved_run")
_SEEN = ("first_seen", "last_seen", "resolved_at")
_ROWS_AN_INSERT = 5_000


def upgrade() -> None:
    """Makes the tables anew beside the old ones, copies every row, and drops the old ones."""
    connection = op.get_bind()
    op.drop_index("runs_by_series", "runs")
    for name in _OLD:
        op.rename_table(name, f"old_{name}")
    _make_series_and_runs()
    _make_outcomes_and_files()
    _make_findings()
    _copy(connection)
    for name in reversed(_OLD):
        op.drop_table(f"old_{name}")


def _make_series_and_runs() -> None:
    op.create_table(
        "projects",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.Text, nullable=False, unique=True),
    )
    op.create_table(
        "series",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("project", sa.Integer, sa.ForeignKey("projects.id"), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("last_run", sa.String(64)),
        sa.UniqueConstraint("project", "name"),
    )
    op.create_table(
        "runs",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("series", sa.Integer, sa.ForeignKey("series.id"), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        *(sa.Column(name, sa.Text, nullable=name not in ("dataset", "location")) for name in _WORDS),
        sa.Column("version", sa.String(40)),
        *(sa.Column(name, _TIME) for name in ("queued_at", "started_at", "finished_at")),
        sa.Column("number", sa.Integer),
        sa.Column("digest", sa.String(64)),
        sa.Column("verdict", sa.String(20)),
        sa.Column("findings", sa.Integer),
        *(sa.Column(name, sa.Integer) for name in _RESULTS),
    )
    op.create_index("runs_by_series", "runs", ["series", "number"], unique=True)


def _make_outcomes_and_files() -> None:
    op.create_table(
        "outcomes",
        sa.Column("run", sa.String(64), sa.ForeignKey("runs.id"), primary_key=True),
        sa.Column("code", sa.Text, primary_key=True),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("severity", sa.String(10), nullable=False),
        sa.Column("outcome", sa.String(10), nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("evaluated", sa.Integer, nullable=False),
        sa.Column("violations", sa.Integer, nullable=False),
        sa.Column("waived", sa.Integer, nullable=False),
        sa.Column("measured", sa.Float(53)),
        sa.Column("threshold", sa.Float(53)),
        sa.Column("seconds", sa.Float(53), nullable=False),
    )
    op.create_table(
        "files",
        sa.Column("run", sa.String(64), sa.ForeignKey("runs.id"), primary_key=True),
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("sha256", sa.String(64), sa.ForeignKey("contents.sha256"), nullable=False),
    )


def _make_findings() -> None:
    op.create_table(
        "findings",
        sa.Column("run", sa.String(64), sa.ForeignKey("runs.id"), primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True),
        sa.Column("key", sa.String(64), nullable=False),
        *_said(),
        sa.Column("row", sa.Integer),
        sa.Column("score", sa.Float(53)),
        sa.Column("group", sa.Text),
        sa.Column("evidence", sa.Text, nullable=False),
        sa.Column("suggestion", sa.Text),
    )
    op.create_index("findings_by_check", "findings", ["run", "check", "position", "severity", "status"])
    op.create_index("findings_by_severity", "findings", ["run", "severity", "position", "status"])
    op.create_index("findings_by_status", "findings", ["run", "status", "position"])
    op.create_table(
        "finding_states",
        sa.Column("series", sa.Integer, sa.ForeignKey("series.id"), primary_key=True),
        sa.Column("key", sa.String(64), primary_key=True),
        *_said(),
        *(sa.Column(name, sa.String(64), nullable=name == "resolved_run") for name in _RUNS),
        *(sa.Column(name, _TIME, nullable=name == "resolved_at") for name in _SEEN),
    )


def _said() -> list[sa.Column[Any]]:
    return [
        sa.Column("check", sa.Text, nullable=False),
        *(sa.Column(name, sa.String(10), nullable=False) for name in ("severity", "status")),
        *(sa.Column(name, sa.Text) for name in ("img_id", "question", "answer")),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("related", "message")),
    ]


def _copy(connection: sa.Connection) -> None:
    metadata = sa.MetaData()
    metadata.reflect(connection)
    tables = metadata.tables
    connection.execute(sa.text("INSERT INTO projects (name) VALUES ('default')"))
    connection.execute(
        sa.text(
            "INSERT INTO series (project, name, last_run) SELECT p.id, o.name, o.last_run FROM projects p, old_series o"
        )
    )
    ids = {row.name: row.id for row in connection.execute(sa.select(tables["series"]))}
    for run in connection.execute(sa.select(tables["old_runs"])).mappings().all():
        found = _findings(connection, tables, run["id"])
        times = {name: _moment(run[name]) for name in ("started_at", "finished_at")}
        of = {"series": ids[run["series"]], "state": "finished", "findings": None if found is None else len(found)}
        connection.execute(sa.insert(tables["runs"]), {**run, **times, **of})
        for start in range(0, len(found or ()), _ROWS_AN_INSERT):
            connection.execute(sa.insert(tables["findings"]), (found or [])[start : start + _ROWS_AN_INSERT])
    for name in ("outcomes", "files"):
        columns = [column.name for column in tables[name].columns]
        old = sa.select(*(tables[f"old_{name}"].c[column] for column in columns))
        connection.execute(sa.insert(tables[name]).from_select(columns, old))
    old_states = connection.execute(sa.select(tables["old_findings"])).mappings()
    for part in old_states.partitions(_ROWS_AN_INSERT):
        rows = [{**row, **{name: _moment(row[name]) for name in _SEEN}, "series": ids[row["series"]]} for row in part]
        connection.execute(sa.insert(tables["finding_states"]), rows)


def _findings(connection: sa.Connection, tables: Any, run_id: str) -> list[dict[str, Any]] | None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    files, contents = tables["old_files"].c, tables["contents"].c
    wanted = sa.select(contents.content).where(
        files.sha256 == contents.sha256, files.run == run_id, files.name == "findings.parquet"
    )
    try:
        content = connection.execute(wanted).scalar()
        rows = None if content is None else pq.read_table(pa.BufferReader(content)).to_pylist()
        return None if rows is None else [_finding(run_id, at, row) for at, row in enumerate(rows)]
    except (pa.ArrowException, OSError, ValueError, TypeError, LookupError, AttributeError):
        return None


def _finding(run_id: str, position: int, row: dict[str, Any]) -> dict[str, Any]:
    # PostgreSQL refuses the character NUL.
    kept = {name: cell.replace("\0", "\\x00") if isinstance(cell, str) else cell for name, cell in row.items()}
    group = json.loads(row["evidence"]).get("group")
    related = json.dumps(row["related"])
    return {**kept, "run": run_id, "position": position, "related": related, "group": group}


def _moment(text: str | None) -> datetime | None:
    told = None if text is None else datetime.fromisoformat(text)
    return told if told is None else told.replace(tzinfo=told.tzinfo or UTC).astimezone(UTC)
