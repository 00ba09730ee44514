"""Finished audits come in; a store of version 0002, with rows as the program of that version wrote them, goes out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, MetaData, create_engine, insert, select

from kvqa_audit.artifacts.folder import packed
from kvqa_audit.model import AuditRun, Finding
from kvqa_audit.store import database

SERIES = "Sample"


def write_old_store(place: str, runs: Iterable[AuditRun], states: Iterable[tuple[Finding, list[AuditRun]]]) -> None:
    """Writes the runs of a series, and each finding with the runs that saw it first and last, and that resolved it."""
    engine = create_engine(database.address_of(place))
    with engine.begin() as connection:
        database._upgrade(connection, "0002")
        write = _writer(connection)
        runs = tuple(runs)
        write("series", name=SERIES, last_run=runs[-1].run_id)
        for number, run in enumerate(runs, 1):
            facts = {"dataset": run.dataset.name, "digest": run.dataset.digest, "location": run.dataset.location}
            times = {"started_at": run.started_at, "finished_at": run.finished_at, "version": "0.1.0"}
            counts = {"rows": 6, "images": 6, "errors": 1, "warnings": 1, "notices": 0, "waived": 0}
            changes = {"new": 1, "resolved": 1, "still_open": 1} if number > 1 else {}
            came_to = {"exit_code": 1, "verdict": "not ready", **counts, **changes}
            write("runs", id=run.run_id, series=SERIES, number=number, **facts, **times, **came_to)
            for position, outcome in enumerate(run.outcomes):
                row = {name: getattr(outcome, name) for name in outcome.__dataclass_fields__}
                write("outcomes", run=run.run_id, position=position, **row)
            for name, content in packed(run):
                if name != "findings.csv":
                    sha256 = hashlib.sha256(content).hexdigest()
                    write("contents", sha256=sha256, content=content)
                    write("files", run=run.run_id, name=name, sha256=sha256)
        for finding, (first, last, *resolved) in states:
            said = {
                name: getattr(finding, name) for name in ("key", "check", "img_id", "question", "answer", "message")
            }
            said |= {"severity": finding.severity.value, "status": finding.status.value}
            said["related"] = json.dumps(finding.related)
            for name, run in (("first", first), ("last", last)):
                said |= {f"{name}_run": run.run_id, f"{name}_seen": run.finished_at}
            for run in resolved:
                said |= {"resolved_run": run.run_id, "resolved_at": run.finished_at}
            write("findings", series=SERIES, **said)
    engine.dispose()


def _writer(connection: Connection) -> Any:
    metadata = MetaData()
    metadata.reflect(connection)

    def write(table: str, **row: Any) -> None:
        if table == "contents":
            known = metadata.tables[table].c.sha256
            if connection.execute(select(known).where(known == row["sha256"])).first():
                return
        connection.execute(insert(metadata.tables[table]), row)

    return write
