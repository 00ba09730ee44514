"""Who asks and what they ask for come in; audits that are started, cancelled and looked at go out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from fastapi import Request
from sqlalchemy import bindparam, func, select

from kvqa_audit.access.records import Scope
from kvqa_audit.artifacts.folder import run_without_rows
from kvqa_audit.errors import ArtifactError
from kvqa_audit.jobs.dataset_decisions import bring_up_to_date
from kvqa_audit.jobs.queue import cancel, job, start_job
from kvqa_audit.jobs.settings import RUNS_FOLDER
from kvqa_audit.model import Finding, FindingStatus
from kvqa_audit.release.gate import Standing
from kvqa_audit.release.standing import standing_of
from kvqa_audit.store.access_tables import Role
from kvqa_audit.store.differences import SeenBefore, seen_before
from kvqa_audit.store.job_records import Cause, Dataset, Job, JobState
from kvqa_audit.store.job_tables import JOBS
from kvqa_audit.store.records import RunState, StoredFinding, StoredRun
from kvqa_audit.store.run_rows import run_if_there
from kvqa_audit.store.tables import RUNS
from kvqa_audit.web.datasets import seen_dataset
from kvqa_audit.web.errors import UnknownError
from kvqa_audit.web.site import Site, site_of
from kvqa_audit.web.who import Caller


@dataclass(frozen=True, slots=True)
class Audit:
    """One audit as people see it: the job, its dataset, and the run that it came to; `run` is None before it began."""

    job: Job
    dataset: Dataset
    run: StoredRun | None

    @property
    def is_finished(self) -> bool:
        return self.run is not None and self.run.state is RunState.FINISHED

    @property
    def finished_run(self) -> StoredRun:
        """
        Raises:
            UnknownError: the audit has not come to a verdict.
        """
        if self.run is None or self.run.state is not RunState.FINISHED:
            raise UnknownError(f"Audit {self.job.id} is {self.job.state}: it has no verdict, and no findings.")
        return self.run


_EARLIER = RUNS.alias("earlier")
_BEFORE = select(
    RUNS.c.series,
    select(_EARLIER.c.id)
    .where(_EARLIER.c.series == RUNS.c.series, _EARLIER.c.number < RUNS.c.number)
    .order_by(_EARLIER.c.number.desc())
    .limit(1)
    .scalar_subquery(),
).where(RUNS.c.id == bindparam("run"))


@dataclass(frozen=True, slots=True)
class Record:
    """What the record of an audit says beside what the store has: the verdict in words, and what it hangs on."""

    sentence: str
    reasons: tuple[str, ...]
    described_by: str
    ready: bool
    standing: Standing
    error_rates: Sequence[Mapping[str, Any]]


def seen_audit(site: Site, caller: Caller, number: int, role: Role = Role.VIEWER, scope: Scope = "read") -> Audit:
    """The audit with this id.

    Raises:
        NotThereError, UnknownError: there is none, or the caller may not see it.
        ForbiddenError: they see it, and need a stronger role or token.
    """
    found = job(site.store, number)
    dataset = seen_dataset(site, caller, found.dataset, role, scope)
    with site.store.reading() as connection:
        return Audit(found, dataset, run_if_there(connection, found.run))


def audit_of_run(site: Site, run: str) -> int:
    """The id of the audit whose last attempt is this run of the store.

    Raises:
        UnknownError: there is none.
    """
    with site.store.reading() as connection:
        found: int | None = connection.execute(select(JOBS.c.id).where(JOBS.c.run == run[:64])).scalar()
    if found is None:
        raise UnknownError("There is no such run, or you may not see it.")
    return found


def start_audit(request: Request, caller: Caller, number: int, cause: Cause, key: str | None = None) -> Job:
    """Queues an audit of a dataset; the same key of the same person gives the same job again."""
    site = site_of(request)
    known = seen_dataset(site, caller, number, Role.MAINTAINER, "run")
    site.settings.roots.allowed(known.settings.source)
    bring_up_to_date(site.store, number)
    named = None if key is None else f"{caller.identity.user.id}:{key}"
    made = start_job(site.store, number, cause, asked_by=caller.name, idempotency_key=named)
    site.log(request, caller.name, "started", known.settings.name, dataset=number, audit=made.id)
    return made


def cancel_audit(request: Request, caller: Caller, number: int) -> Job:
    """Ends an audit that waits, or asks its worker to.

    Raises:
        ConflictError: it is over.
    """
    site = site_of(request)
    known = seen_audit(site, caller, number, Role.MAINTAINER, "run")
    made = cancel(site.store, number, caller.name)
    site.log(request, caller.name, "cancelled", known.dataset.settings.name, dataset=known.dataset.id, audit=number)
    return made


def counts_by_state(site: Site) -> dict[str, int]:
    """How many jobs the store has, by state."""
    with site.store.reading() as connection:
        rows = connection.execute(select(JOBS.c.state, func.count()).group_by(JOBS.c.state)).all()
    return dict.fromkeys(JobState, 0) | {str(state): number for state, number in rows}


def run_before(site: Site, run: StoredRun) -> str | None:
    """The finished run of the same series before this one."""
    with site.store.reading() as connection:
        found: str | None = connection.execute(_BEFORE, {"run": run.id}).one()[1]
    return found


def states_of_findings(site: Site, run: StoredRun, found: Sequence[StoredFinding]) -> dict[str, str]:
    """Key → the state in words: new, known, regressed, or what somebody decided and until when."""
    with site.store.reading() as connection:
        series, before = connection.execute(_BEFORE, {"run": run.id}).one()
        known = seen_before(connection, series, before, [one.finding.key for one in found])
    return {one.finding.key: _state(one.finding, run.id, known) for one in found}


def _state(finding: Finding, run: str, known: Mapping[str, SeenBefore]) -> str:
    decided = finding.decision
    if finding.status is FindingStatus.WAIVED:
        until = f" until {decided.until}" if decided and decided.until else ""
        return f"{decided.verdict if decided else 'decided'}{until}"
    seen = known.get(finding.key)
    if seen is None or seen.first_run == run:
        return "new"
    return "known" if seen.in_the_run_before and seen.returned_run != run else "regressed"


def folder_of(site: Site, run: StoredRun) -> Path:
    """Where the files of a run lie."""
    return site.settings.data / RUNS_FOLDER / run.id


def has_report(site: Site, run: StoredRun) -> bool:
    """Whether the report of a run is still there."""
    return (folder_of(site, run) / "report.html").is_file()


def record_of(site: Site, run: StoredRun) -> Record:
    """What the record of a finished audit says.

    Raises:
        UnknownError: its files are gone.
    """
    return _record(str(folder_of(site, run) / "audit.json"))


@lru_cache(maxsize=64)
def _record(path: str) -> Record:
    try:
        run = run_without_rows(Path(path).read_bytes(), path)
    except (OSError, ArtifactError):
        raise UnknownError("The files of this audit are gone; the store keeps its numbers and findings.") from None
    verdict = run.verdict
    return Record(
        sentence=verdict.sentence if verdict else "",
        reasons=verdict.reasons if verdict else (),
        described_by=run.metrics.get("described_by", ""),
        ready=bool(verdict and verdict.ready),
        standing=standing_of(run),
        error_rates=(run.metrics.get("decisions") or {}).get("error_rates", ()),
    )
