"""Audits come in, at their start and at their end, and are kept in a database; runs and their findings come back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from types import TracebackType

from sqlalchemy import Connection

from kvqa_audit.artifacts.folder import packed, unpacked
from kvqa_audit.errors import CancelledError, StoreError
from kvqa_audit.model import AuditRun, FindingStatus, Severity
from kvqa_audit.model.counts import Waiver
from kvqa_audit.store.cells import kept_text
from kvqa_audit.store.database import address_of, open_database, reading, shown, translate_errors, writing
from kvqa_audit.store.files import files_of, keep_files, names_since
from kvqa_audit.store.findings import keep_findings, page_of, waivers_in
from kvqa_audit.store.prune import older_than_the_last, remove_runs
from kvqa_audit.store.records import (
    DEFAULT_PROJECT,
    FindingState,
    RunStart,
    RunState,
    StoredFinding,
    StoredRun,
    start_of,
)
from kvqa_audit.store.run_rows import (
    abandoned_runs,
    finish_row,
    last_run_of,
    locked_run,
    put,
    register,
    run_line,
    run_lines,
    series_id,
    settle_abandoned_runs,
)
from kvqa_audit.store.states import bring_up_to_date, states_of
from kvqa_audit.store.tables import PROJECTS, RUNS, SERIES

# The same findings as in findings.parquet.
NOT_KEPT = ("findings.csv",)
_ENDS_FROM = {
    RunState.FAILED: (RunState.QUEUED, RunState.RUNNING),
    RunState.CANCELLED: (RunState.QUEUED, RunState.RUNNING),
    RunState.LOST: (RunState.RUNNING,),
}


class RunStore:
    """The runs of a team or of one person, in one SQLite file or in a database server.

    Several processes may use it at once: a run is saved whole or not at all, one after the other.
    """

    def __init__(
        self, where: str, *, make: bool = True, guard: Callable[[Connection], object] = lambda _: None
    ) -> None:
        """Opens a store.

        Args:
            where: a file, or an SQLAlchemy URL such as `postgresql://user@host/database`.
            make: make the store where there is none yet.
            guard: is called at the beginning of every transaction that writes, and raises where it may not.

        Raises:
            StoreError: it cannot be opened, is none, or was written by a newer version.
        """
        self._url = address_of(where)
        self._engine = open_database(where, make=make)
        self._guard = guard

    def __enter__(self) -> RunStore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._engine.dispose()

    def queue(self, start: RunStart) -> None:
        """Registers a run that waits for its turn.

        Raises:
            StoreError: the store holds the run already, or cannot be written.
        """
        with self._writing() as connection:
            register(connection, start, {"state": RunState.QUEUED, "queued_at": datetime.now(UTC)})

    def begin(self, start: RunStart, process: str | None = None) -> None:
        """Registers a run whose work begins now; it may have been queued, or lost.

        Args:
            start: what is known of the run.
            process: the name of the process that does the work, where no service would notice its end.

        Raises:
            StoreError: the run is at work or has ended, what the store knows of its series cannot be read, or the
                store cannot be written.
        """
        begun = {"state": RunState.RUNNING, "started_at": datetime.now(UTC), "finished_at": None, "reason": None}
        begun["process"] = process
        with self._writing() as connection:
            settle_abandoned_runs(connection)
            if run_lines(connection, RUNS.c.id == start.id):
                locked_run(connection, start.id, RunState.QUEUED, RunState.LOST)
                put(connection, start.id, begun)
            else:
                register(connection, start, begun)
            # Cells of another kind are told before the work, not after it.
            of_series = (PROJECTS.c.name == kept_text(start.project), SERIES.c.name == kept_text(start.series))
            run_lines(connection, *of_series)
            states_of(connection, *of_series)

    def end(self, run_id: str, state: RunState, reason: str | None = None) -> None:
        """Notes that a run failed, was cancelled or is lost, and why.

        Raises:
            StoreError: there is no such run at work, or the store cannot be written.
        """
        with self._writing() as connection:
            locked_run(connection, run_id, *_ENDS_FROM[state])
            put(connection, run_id, {"state": state, "reason": kept_text(reason), "finished_at": datetime.now(UTC)})

    def settle_abandoned(self) -> None:
        """Notes that runs are lost whose process was killed on this machine.

        Raises:
            StoreError: the store cannot be written.
        """
        with self._reading() as connection:
            abandoned = abandoned_runs(connection)
        if abandoned:
            with self._writing() as connection:
                settle_abandoned_runs(connection)

    @contextmanager
    def running(self, start: RunStart, process: str | None = None) -> Iterator[None]:
        """Begins a run, and notes how it ended if the work within, `finish` included, breaks off.

        Raises:
            StoreError: as for `begin`.
        """
        self.begin(start, process)
        try:
            yield
        except BaseException as error:
            stopped = isinstance(error, CancelledError) or not isinstance(error, Exception)
            state = RunState.CANCELLED if stopped else RunState.FAILED
            # A person is told what broke the work off, not that the store could not note it.
            with suppress(StoreError):
                self.end(start.id, state, str(error) or type(error).__name__)
            raise

    def finish(
        self,
        run: AuditRun,
        *,
        project: str = DEFAULT_PROJECT,
        also: Callable[[Connection, StoredRun], object] = lambda *_: None,
    ) -> StoredRun:
        """Keeps a finished run with its outcomes, findings and files; one that is kept already stays as it is.

        Args:
            run: the audit, whether or not it was begun here.
            project: whose it is, if it was not begun.
            also: writes more in the same transaction; not for a run that is kept already.

        Raises:
            StoreError: the run was cancelled, failed or is lost, or the store cannot be written.
        """
        files = [(name, content) for name, content in packed(run) if name not in NOT_KEPT]
        with self._writing() as connection:
            begun = run_lines(connection, RUNS.c.id == run.run_id)
            start = start_of(run, begun[0].project if begun else project)
            series = series_id(connection, start.project, start.series)
            # Locked before the run, whose row shares a lock of its series that no two savers could then raise.
            is_first = last_run_of(connection, series) is None
            if not begun:
                register(connection, start, {"state": RunState.RUNNING})
            kept = locked_run(connection, run.run_id, RunState.RUNNING, RunState.FINISHED)
            if kept.state is RunState.FINISHED:
                return kept
            changes = bring_up_to_date(connection, series, run, names_since(connection, series, run))
            finish_row(connection, series, run, None if is_first else changes)
            keep_findings(connection, run)
            keep_files(connection, run.run_id, files)
            stored = run_line(connection, run.run_id)
            also(connection, stored)
            return stored

    def runs(self, series: str | None = None, *, project: str | None = None) -> tuple[StoredRun, ...]:
        """All runs, or those of one series or project, in the order in which they were saved; unfinished ones last."""
        of = ((SERIES.c.name, series), (PROJECTS.c.name, project))
        with self._reading() as connection:
            return run_lines(connection, *(column == kept_text(name) for column, name in of if name is not None))

    def prunable(self, keep: int, *, project: str | None = None, series: str | None = None) -> tuple[StoredRun, ...]:
        """The runs older than the last `keep` finished ones of their series; none that is queued or at work."""
        return older_than_the_last(self.runs(series, project=project), keep)

    def remove(self, runs: Iterable[StoredRun]) -> None:
        """Removes runs with their findings and files; the history of each finding of the series stays.

        Raises:
            StoreError: the store cannot be written.
        """
        with self._writing() as connection:
            remove_runs(connection, [run.id for run in runs])

    def find(self, named: str) -> StoredRun:
        """The run with this id, or with an id that alone begins like this.

        Raises:
            StoreError: there is none, or more than one.
        """
        with self._reading() as connection:
            found = run_lines(connection, RUNS.c.id.startswith(named, autoescape=True))
        if len(found) == 1:
            return found[0]
        what = "no run of the store begins" if not found else f"{len(found)} runs of the store begin"
        raise StoreError(f"{shown(self._url)}: {what} with '{named}'; 'kvqa-audit runs' lists them")

    def before(self, run: StoredRun) -> StoredRun | None:
        """The finished run before this one in its series; None where it is the first."""
        numbered = self.runs(run.series, project=run.project)
        earlier = [one for one in numbered if one.number is not None and one.number < (run.number or 0)]
        return earlier[-1] if earlier else None

    def load(self, named: str) -> AuditRun:
        """A whole audit, as its folder held it.

        Raises:
            StoreError: there is no such run, it is not finished, or the store does not hold its files.
            ArtifactError: the files are of another version of the contract.
        """
        run = self.find(named)
        with self._reading() as connection:
            files = files_of(connection, run.id)
        if not files:
            raise self._holds_no("files", run)
        return unpacked(files.get, f"run {run.id}")

    def page(
        self,
        run_id: str,
        *,
        after: int = -1,
        limit: int = 50,
        check: str | None = None,
        severity: Severity | None = None,
        status: FindingStatus | None = None,
    ) -> tuple[StoredFinding, ...]:
        """The next findings of a finished run, in its order; behind the last one there is an empty page.

        Args:
            run_id: the whole id.
            after: the `position` of the last finding of the page before.
            limit: how many at most.
            check, severity, status: only findings with this check code, severity, status.

        Raises:
            StoreError: there is no such run, it is not finished, or the store does not hold its findings.
        """
        with self._reading() as connection:
            run = run_line(connection, run_id)
            if run.findings is None:
                raise self._holds_no("findings", run)
            filters = {"check": check, "severity": severity, "status": status}
            return page_of(connection, run_id, filters, after=after, limit=limit)

    def waivers(self, run_id: str) -> tuple[Waiver, ...]:
        """What was waived in a run, by whom, why and until when; alike ones together, the most first."""
        with self._reading() as connection:
            return waivers_in(connection, run_id)

    def findings(self, series: str, *, project: str = DEFAULT_PROJECT) -> tuple[FindingState, ...]:
        """Every finding that any run of the series had, and whether it is still there."""
        with self._reading() as connection:
            return states_of(connection, PROJECTS.c.name == kept_text(project), SERIES.c.name == kept_text(series))

    def _holds_no(self, what: str, run: StoredRun) -> StoreError:
        why = f"is {run.state}" if run.state is not RunState.FINISHED else "was saved by an earlier version"
        return StoreError(
            f"{shown(self._url)}: holds no {what} of run {run.id}, which {why}; compare its audit folder instead"
        )

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with translate_errors(self._url), reading(self._engine) as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with translate_errors(self._url), writing(self._engine) as connection:
            self._guard(connection)
            yield connection
