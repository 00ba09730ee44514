"""What is known of a run at its start and at its end comes in; its row, in the series of its project, goes out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Select, Table, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from kvqa_audit.errors import StoreError
from kvqa_audit.model import AuditRun
from kvqa_audit.model.counts import count_findings
from kvqa_audit.release.changes import FindingChanges
from kvqa_audit.store.at_work import has_ended
from kvqa_audit.store.cells import fetched, kept_text, moment
from kvqa_audit.store.database import shown
from kvqa_audit.store.records import VERDICTS, RunStart, RunState, StoredRun
from kvqa_audit.store.tables import OUTCOMES, PROJECTS, RUNS, SERIES

_NAMES = {"project": PROJECTS.c.name.label("project"), "series": SERIES.c.name.label("series")}
_ABANDONED = "the process at work on it was killed, or its machine went down"
_LINES = select(*(_NAMES[n] if n in _NAMES else RUNS.c[n] for n in StoredRun.__dataclass_fields__)).select_from(
    RUNS.join(SERIES, RUNS.c.series == SERIES.c.id).join(PROJECTS, SERIES.c.project == PROJECTS.c.id)
)


_ORDER = (PROJECTS.c.name, SERIES.c.name, RUNS.c.number.nulls_last(), RUNS.c.started_at, RUNS.c.queued_at)


def lines_where(*wanted: Any) -> Select[Any]:
    """The query for the runs that these conditions hold for; made once, `lines_of` takes what its parameters are."""
    return _LINES.where(*wanted).order_by(*_ORDER)


def lines_of(connection: Connection, query: Select[Any], **given: Any) -> tuple[StoredRun, ...]:
    """The runs of a query of `lines_where`."""
    return tuple(StoredRun(**row) for row in fetched(connection, query, **given))


def run_lines(connection: Connection, *wanted: Any) -> tuple[StoredRun, ...]:
    """The runs that all these conditions hold for, by project, series and number; unfinished ones last."""
    return lines_of(connection, lines_where(*wanted))


_ONE = lines_where(RUNS.c.id == bindparam("run"))


def run_if_there(connection: Connection, run_id: str | None) -> StoredRun | None:
    """The run with this id, None where there is none."""
    return next(iter(lines_of(connection, _ONE, run=run_id)), None) if run_id else None


def run_line(connection: Connection, run_id: str) -> StoredRun:
    """The run with this id.

    Raises:
        StoreError: there is none.
    """
    found = run_if_there(connection, run_id)
    if found is None:
        raise StoreError(f"{shown(connection.engine.url)}: there is no run {run_id}; 'kvqa-audit runs' lists them")
    return found


def locked_run(connection: Connection, run_id: str, *states: RunState) -> StoredRun:
    """The run with this id, which no other process changes until the transaction ends.

    Raises:
        StoreError: there is none, or it is in none of these states.
    """
    connection.execute(select(RUNS.c.id).where(RUNS.c.id == run_id).with_for_update())
    run = run_line(connection, run_id)
    if run.state not in states:
        place, allowed = shown(connection.engine.url), " or ".join(states)
        raise StoreError(f"{place}: run {run_id} is {run.state}, not {allowed}; nothing was changed")
    return run


def register(connection: Connection, start: RunStart, values: Mapping[str, Any]) -> None:
    """Makes the row of a run that is not there yet.

    Raises:
        StoreError: it is there.
    """
    about = {
        "id": start.id,
        "series": series_id(connection, start.project, start.series),
        "dataset": kept_text(start.dataset),
        "location": kept_text(start.location),
        "revision": kept_text(start.revision),
    }
    try:
        with connection.begin_nested():
            connection.execute(insert(RUNS), {**about, **values})
    except IntegrityError:
        raise StoreError(
            f"{shown(connection.engine.url)}: holds a run {start.id} already; nothing was changed"
        ) from None


def put(connection: Connection, run_id: str, values: Mapping[str, Any]) -> None:
    """Sets these columns of the run's row."""
    connection.execute(update(RUNS).where(RUNS.c.id == run_id).values(**values))


def settle_run(connection: Connection, run_id: str | None, state: RunState, reason: str | None, at: datetime) -> None:
    """Notes how a run ended, if it is there and has not ended."""
    ended = {"state": state, "reason": kept_text(reason), "finished_at": at}
    unfinished = RUNS.c.state.in_((RunState.QUEUED, RunState.RUNNING))
    connection.execute(update(RUNS).where(RUNS.c.id == run_id, unfinished).values(**ended))


def abandoned_runs(connection: Connection) -> list[str]:
    """The runs at work whose process was one of this machine and is no more; it was killed, or the machine fell."""
    at_work = connection.execute(
        select(RUNS.c.id, RUNS.c.process).where(RUNS.c.state == RunState.RUNNING, RUNS.c.process.is_not(None))
    )
    return [run for run, process in at_work if has_ended(process)]


def settle_abandoned_runs(connection: Connection) -> None:
    """Notes that the runs of `abandoned_runs` are lost."""
    for run in abandoned_runs(connection):
        settle_run(connection, run, RunState.LOST, _ABANDONED, datetime.now(UTC))


def series_id(connection: Connection, project: str, series: str) -> int:
    """The id of a series of a project; both are made where they are not there."""
    return _id_of(connection, SERIES, project=project_id(connection, project), name=series)


def project_id(connection: Connection, project: str) -> int:
    """The id of a project, which is made where it is not there."""
    return _id_of(connection, PROJECTS, name=project)


def _id_of(connection: Connection, table: Table, **named: Any) -> int:
    named = {name: kept_text(value) if isinstance(value, str) else value for name, value in named.items()}
    wanted = select(table.c.id).where(*(table.c[name] == value for name, value in named.items()))
    found: int | None = connection.execute(wanted).scalar()
    if found is None:
        try:
            with connection.begin_nested():
                connection.execute(insert(table), named)
        except IntegrityError:
            # Another process has just made it.
            pass
        found = int(connection.execute(wanted).scalar_one())
    return found


def last_run_of(connection: Connection, series: int) -> str | None:
    """The last finished run of a series, whose other savers wait until the transaction ends."""
    run_id: str | None = connection.execute(
        select(SERIES.c.last_run).where(SERIES.c.id == series).with_for_update()
    ).scalar_one()
    return run_id


def finish_row(connection: Connection, series: int, run: AuditRun, changes: FindingChanges | None) -> None:
    """Writes what a finished audit came to into its row, and its outcomes; `changes` is None in a series' first run."""
    counts = count_findings(run.findings).total
    numbers = select(RUNS.c.number).where(RUNS.c.series == series, RUNS.c.number.is_not(None))
    last = fetched(connection, numbers.order_by(RUNS.c.number.desc()).limit(1))
    values = {
        "series": series,
        "state": RunState.FINISHED,
        "location": kept_text(run.dataset.location),
        "revision": kept_text(run.dataset.revision),
        "version": run.tool.get("version", ""),
        "started_at": moment(run.started_at),
        "finished_at": moment(run.finished_at),
        "number": last[0]["number"] + 1 if last else 1,
        "digest": run.dataset.digest,
        "rows": run.dataset.rows,
        "images": run.dataset.images,
        "exit_code": run.exit_code,
        "verdict": VERDICTS.get(run.exit_code, "unknown"),
        "findings": len(run.findings),
        "errors": counts.errors,
        "warnings": counts.warnings,
        "notices": counts.notes,
        "waived": counts.waived,
    }
    if changes is not None:
        values |= {"new": len(changes.new) + len(changes.reopened), "resolved": len(changes.resolved)}
        values["still_open"] = len(changes.still_open)
    put(connection, run.run_id, values)
    connection.execute(update(SERIES).where(SERIES.c.id == series).values(last_run=run.run_id))
    outcomes = [
        {**asdict(outcome), "run": run.run_id, "position": position, "reason": kept_text(outcome.reason)}
        for position, outcome in enumerate(run.outcomes)
    ]
    if outcomes:
        connection.execute(insert(OUTCOMES), outcomes)
