"""Finished audits come in and are kept in a database; runs, whole audits and the state of findings come back."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from types import TracebackType

from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from kvqa_audit.artifacts.folder import packed, unpacked
from kvqa_audit.artifacts.tables import fingerprints_of
from kvqa_audit.compare.images import image_changes
from kvqa_audit.errors import StoreError
from kvqa_audit.model import AuditRun, FindingStatus, Severity
from kvqa_audit.release.changes import FindingChanges
from kvqa_audit.store.database import address_of, open_database, shown, told, writing
from kvqa_audit.store.records import VERDICTS, FindingState, StoredRun, series_of
from kvqa_audit.store.states import bring_up_to_date, kept_text, states_of
from kvqa_audit.store.tables import CONTENTS, FILES, OUTCOMES, RUNS, SERIES

# The same findings as in findings.parquet.
NOT_KEPT = ("findings.csv",)


class RunStore:
    """The runs of a team or of one person, in one SQLite file or in a database server.

    Several processes may use it at once: a run is saved whole or not at all, one after the other.
    """

    def __init__(self, where: str, *, make: bool = True) -> None:
        """Opens a store.

        Args:
            where: a file, or an SQLAlchemy URL such as `postgresql://user@host/database`.
            make: make the store where there is none yet.

        Raises:
            StoreError: it cannot be opened, is none, or was written by a newer version.
        """
        self._url = address_of(where)
        self._engine = open_database(where, make=make)

    def __enter__(self) -> RunStore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._engine.dispose()

    def save(self, run: AuditRun) -> StoredRun:
        """Keeps a run with its outcomes, findings and files; one that is kept already stays as it is.

        Raises:
            StoreError: the store cannot be written.
        """
        files = {name: content for name, content in packed(run) if name not in NOT_KEPT}
        with told(self._url), writing(self._engine) as connection:
            kept = _find(connection, run.run_id)
            if kept is not None:
                return kept
            series = kept_text(series_of(run)) or ""
            is_first = _lock(connection, series) is None
            changes = bring_up_to_date(connection, series, run, _renamed(connection, series, run))
            stored = _stored(run, series, _next_number(connection, series), None if is_first else changes)
            connection.execute(insert(RUNS), asdict(stored))
            connection.execute(update(SERIES).where(SERIES.c.name == series).values(last_run=run.run_id))
            _keep_outcomes(connection, run)
            _keep_files(connection, run.run_id, files)
            return stored

    def runs(self, series: str | None = None) -> tuple[StoredRun, ...]:
        """All runs, or those of one series, in the order in which they were saved."""
        wanted = select(RUNS).order_by(RUNS.c.series, RUNS.c.number)
        if series is not None:
            wanted = wanted.where(RUNS.c.series == series)
        with told(self._url), self._engine.begin() as connection:
            return tuple(StoredRun(**row) for row in connection.execute(wanted).mappings())

    def find(self, named: str) -> StoredRun:
        """The run with this id, or with an id that alone begins like this.

        Raises:
            StoreError: there is none, or more than one.
        """
        with told(self._url), self._engine.begin() as connection:
            begins = RUNS.c.id.startswith(named, autoescape=True)
            found = [StoredRun(**row) for row in connection.execute(select(RUNS).where(begins)).mappings()]
        if len(found) == 1:
            return found[0]
        what = "no run of the store begins" if not found else f"{len(found)} runs of the store begin"
        raise StoreError(f"{shown(self._url)}: {what} with '{named}'; 'kvqa-audit runs' lists them")

    def load(self, named: str) -> AuditRun:
        """A whole audit, as its folder held it.

        Raises:
            StoreError: there is no such run, or the store does not hold its files.
            ArtifactError: the files are of another version of the contract.
        """
        run = self.find(named)
        with told(self._url), self._engine.begin() as connection:
            files = _files_of(connection, run.id)
        if not files:
            raise StoreError(
                f"{shown(self._url)}: holds no files of run {run.id}, which was saved by an earlier version; "
                "compare its audit folder instead"
            )
        return unpacked(files.get, f"run {run.id}")

    def findings(self, series: str) -> tuple[FindingState, ...]:
        """Every finding that any run of the series had, and whether it is still there."""
        with told(self._url), self._engine.begin() as connection:
            return states_of(connection, series)


def _find(connection: Connection, run_id: str) -> StoredRun | None:
    row = connection.execute(select(RUNS).where(RUNS.c.id == run_id)).mappings().first()
    return None if row is None else StoredRun(**row)


def _lock(connection: Connection, series: str) -> str | None:
    """Makes other savers of the series wait, and gives the series' last run."""
    try:
        with connection.begin_nested():
            connection.execute(insert(SERIES), {"name": series})
    except IntegrityError:
        pass
    last = connection.execute(select(SERIES.c.last_run).where(SERIES.c.name == series).with_for_update())
    run_id: str | None = last.scalar_one()
    return run_id


def _next_number(connection: Connection, series: str) -> int:
    last = connection.execute(select(func.max(RUNS.c.number)).where(RUNS.c.series == series)).scalar()
    return (last or 0) + 1


def _renamed(connection: Connection, series: str, run: AuditRun) -> Mapping[str, str]:
    """Earlier id → today's id, against the last run of the series that looked at images."""
    content = connection.execute(
        select(CONTENTS.c.content)
        .join(FILES, FILES.c.sha256 == CONTENTS.c.sha256)
        .join(RUNS, RUNS.c.id == FILES.c.run)
        .where(RUNS.c.series == series, RUNS.c.images > 0, FILES.c.name == "fingerprints.parquet")
        .order_by(RUNS.c.number.desc())
        .limit(1)
    ).scalar()
    if content is None or not run.fingerprints:
        return {}
    return image_changes(fingerprints_of(content), run.fingerprints).new_names


def _stored(run: AuditRun, series: str, number: int, changes: FindingChanges | None) -> StoredRun:
    opened = Counter(one.severity for one in run.findings if one.status is FindingStatus.OPEN)
    return StoredRun(
        id=run.run_id,
        series=series,
        number=number,
        dataset=kept_text(run.dataset.name) or "",
        digest=run.dataset.digest,
        location=kept_text(run.dataset.location) or "",
        revision=kept_text(run.dataset.revision),
        rows=run.dataset.rows,
        images=run.dataset.images,
        started_at=run.started_at,
        finished_at=run.finished_at,
        version=run.tool.get("version", ""),
        exit_code=run.exit_code,
        verdict=VERDICTS.get(run.exit_code, "unknown"),
        errors=opened[Severity.ERROR],
        warnings=opened[Severity.WARNING],
        notices=opened[Severity.INFO],
        waived=len(run.findings) - sum(opened.values()),
        new=None if changes is None else len(changes.new) + len(changes.reopened),
        resolved=None if changes is None else len(changes.resolved),
        still_open=None if changes is None else len(changes.still_open),
    )


def _keep_outcomes(connection: Connection, run: AuditRun) -> None:
    rows = []
    for position, outcome in enumerate(run.outcomes):
        told_of_it = {**asdict(outcome), "severity": outcome.severity.value, "outcome": outcome.outcome.value}
        rows.append({**told_of_it, "run": run.run_id, "position": position, "reason": kept_text(outcome.reason)})
    if rows:
        connection.execute(insert(OUTCOMES), rows)


def _keep_files(connection: Connection, run_id: str, files: Mapping[str, bytes]) -> None:
    for name, content in files.items():
        sha256 = hashlib.sha256(content).hexdigest()
        known = connection.execute(select(CONTENTS.c.sha256).where(CONTENTS.c.sha256 == sha256)).first()
        if known is None:
            _keep_content(connection, sha256, content)
        connection.execute(insert(FILES), {"run": run_id, "name": name, "sha256": sha256})


def _keep_content(connection: Connection, sha256: str, content: bytes) -> None:
    try:
        with connection.begin_nested():
            connection.execute(insert(CONTENTS), {"sha256": sha256, "content": content})
    except IntegrityError:
        # Another run has just brought the very same content.
        return


def _files_of(connection: Connection, run_id: str) -> dict[str, bytes]:
    rows = connection.execute(
        select(FILES.c.name, CONTENTS.c.content)
        .join(CONTENTS, FILES.c.sha256 == CONTENTS.c.sha256)
        .where(FILES.c.run == run_id)
    )
    return {row.name: row.content for row in rows}
