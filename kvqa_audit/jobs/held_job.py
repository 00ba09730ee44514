"""A claimed job comes in; its audit runs in a process, watched and kept within its limits, until it is over."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from kvqa_audit.errors import ConflictError, FenceError, SpecError
from kvqa_audit.jobs import leases
from kvqa_audit.jobs.audit_child import AuditChild, Told
from kvqa_audit.jobs.dataset_decisions import bring_up_to_date
from kvqa_audit.jobs.datasets import dataset
from kvqa_audit.jobs.events import append_events
from kvqa_audit.jobs.job_store import JobStore
from kvqa_audit.jobs.order import AuditOrder
from kvqa_audit.jobs.queue import job as read_job
from kvqa_audit.jobs.settings import WorkerSettings
from kvqa_audit.store.job_records import Dataset, EventKind, Job, JobState
from kvqa_audit.store.job_tables import JOBS

UNCHANGED = "nothing changed since the last audit"
_MEASURE_EVERY_SECONDS = 1.0
_FORWARD_EVERY_SECONDS = 0.5


class HeldJob:
    """A job at work. Nothing is lost of it while the store is away: what was told waits, and so does its end."""

    def __init__(self, store: JobStore, settings: WorkerSettings, job: Job) -> None:
        """Starts the process of the audit.

        Raises:
            OSError: the system gives none.
            StoreError: the dataset cannot be read.
        """
        assert job.run is not None
        self.job, self._store, self._settings, self._run = job, store, settings, job.run
        self._version, self._pending = "", list[Told]()
        self._why_it_ends: tuple[JobState, str] | None = None
        self._heard = self._measured = self._forwarded = time.monotonic()
        self._child = AuditChild(self._order())

    def wait(self, seconds: float) -> None:
        """Waits until the audit tells something, or so long."""
        self._child.wait(seconds)

    def attend(self) -> bool:
        """Does all that is to do for the job now; whether it is over.

        Raises:
            FenceError: the job was taken from this worker; `abandon` it.
            StoreError: the store is away; call it again.
        """
        self._child.enforce()
        self._pending += self._child.read()
        self._hold()
        self._keep_limits()
        self._forward()
        end = self._child.end()
        if end is None:
            return False
        self._forward(all_of_it=True)
        self.job = self._concluded(end)
        if self.job.state is not JobState.DONE:
            shutil.rmtree(self._settings.out(self._run), ignore_errors=True)
        self._clean_up()
        return True

    def give_back(self, reason: str) -> None:
        """Lets the audit end, so that another worker begins it anew."""
        self._end(JobState.QUEUED, reason)

    def abandon(self) -> None:
        """Ends the audit at once, and writes nothing; its results stay, as its run may have been kept before."""
        self._child.kill()
        self._clean_up()

    def _order(self) -> AuditOrder:
        known, job, run = self._dataset(), self.job, self._run
        said, roots = known.settings, self._settings.roots
        self._version = f"settings {known.version} "
        same = ("source", "project", "spec", "description", "gate", "decisions", "options")
        return AuditOrder(
            store=self._store.where,
            job=job.id,
            fence=job.fence,
            run=run,
            dataset=job.dataset,
            work=str(self._settings.work(run)),
            out=str(self._settings.out(run)),
            worker=os.getpid(),
            report_url=self._settings.report_url.format(run=run),
            roots=None if roots is None else [str(folder) for folder in roots.folders],
            hub=[] if roots is None else list(roots.hub),
            watch=job.watch,
            seen_before=self._seen_before() if job.watch else None,
            **{name: getattr(said, name) for name in same},
        )

    def _dataset(self) -> Dataset:
        """The dataset with all that its reviewers settled until now; what is wrong there the audit itself will tell."""
        try:
            return bring_up_to_date(self._store, self.job.dataset)
        except (SpecError, ConflictError):
            return dataset(self._store, self.job.dataset)

    def _seen_before(self) -> str | None:
        """What the last audit of the dataset saw, if its settings are still the same."""
        done = (JOBS.c.dataset == self.job.dataset, JOBS.c.state == JobState.DONE, JOBS.c.watched.is_not(None))
        with self._store.reading() as connection:
            wanted = select(JOBS.c.watched).where(*done).order_by(JOBS.c.id.desc()).limit(1)
            seen = connection.execute(wanted).scalar() or ""
        return seen.removeprefix(self._version) if seen.startswith(self._version) else None

    def _hold(self) -> None:
        now, held = time.monotonic(), (self.job.id, self.job.fence)
        if now - self._heard >= self._settings.lease_seconds / 3:
            self.job = leases.heartbeat(self._store, *held, self._settings.lease_seconds)
            self._heard = now
        known = read_job(self._store, self.job.id)
        if known.fence != self.job.fence or known.state is not JobState.RUNNING:
            raise FenceError(f"job {self.job.id} was taken from this worker; its audit is ended")
        if known.cancel_asked:
            self._end(JobState.CANCELLED, known.reason or "cancelled")

    def _keep_limits(self) -> None:
        now, job = time.monotonic(), self.job
        if job.time_limit_s is not None and now - self._child.started > job.time_limit_s:
            self._end(JobState.FAILED, f"took longer than its limit of {job.time_limit_s:,} s")
        if job.memory_limit_mb is not None and now - self._measured >= _MEASURE_EVERY_SECONDS:
            self._measured = now
            needed = self._child.memory_mb()
            if needed > job.memory_limit_mb:
                limit = f"its limit of {job.memory_limit_mb:,} MB"
                self._end(JobState.FAILED, f"needed {needed:,.0f} MB of memory, more than {limit}")
                self._child.kill()

    def _end(self, state: JobState, reason: str) -> None:
        if self._why_it_ends is None:
            self._why_it_ends = state, reason
        self._child.ask_to_end()

    def _forward(self, *, all_of_it: bool = False) -> None:
        """Keeps what was told: stages at once, of the counts in between the last one now and then."""
        told, now = self._pending, time.monotonic()
        due = all_of_it or now - self._forwarded >= _FORWARD_EVERY_SECONDS
        if not told or not (due or any(kind is not EventKind.COUNT for kind, _ in told)):
            return
        last = {id(one) for one in [one for one in told if one[0] is EventKind.COUNT][-1:]}
        kept = [one for one in told if one[0] is not EventKind.COUNT or id(one) in last]
        append_events(self._store, self.job.id, self.job.fence, kept)
        self._pending, self._forwarded = [], now

    def _concluded(self, end: Mapping[str, Any]) -> Job:
        held, how, reason = (self._store, self.job.id, self.job.fence), end["how"], end.get("reason")
        watched = self._version + end["seen"] if end.get("seen") else None
        if how == "done":
            return leases.finish(*held, JobState.DONE, watched=watched)
        if how == "unchanged":
            return leases.finish(*held, JobState.SKIPPED, UNCHANGED)
        if self._why_it_ends is not None:
            state, why = self._why_it_ends
            return leases.give_back(*held, why) if state is JobState.QUEUED else leases.finish(*held, state, why)
        if end.get("again", True):
            reason = reason or "its process was ended from outside"
            return leases.try_again(*held, reason, self._settings.retry_seconds)
        return leases.finish(*held, JobState.FAILED, reason)

    def _clean_up(self) -> None:
        """Removes what nobody needs any more: the folder is that of this attempt alone, whose process has ended."""
        self._child.close()
        shutil.rmtree(self._settings.work(self._run), ignore_errors=True)
