"""A store comes in; a process decides about slots, takes jobs, has them carried out, and tells what happens in them."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import socket
import sys
import threading
import time
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from kvqa_audit.errors import FenceError, KvqaAuditError, NewerStoreError, StoreError
from kvqa_audit.jobs.held_job import HeldJob
from kvqa_audit.jobs.job_store import JobStore
from kvqa_audit.jobs.leases import claim, reap, try_again
from kvqa_audit.jobs.outbox import send_messages
from kvqa_audit.jobs.retention import tidy
from kvqa_audit.jobs.settings import WorkerSettings
from kvqa_audit.jobs.slots import forget_future_slots, make_slots
from kvqa_audit.store.database import end_stuck_transactions
from kvqa_audit.store.job_records import Job
from kvqa_audit.store.lookup import STORE_VARIABLE

LOG = logging.getLogger("kvqa_audit.jobs")
# A clock is read to the millisecond.
_WENT_BACK = timedelta(seconds=1)
_AFTER_AN_ERROR_SECONDS = 1.0
_FREE_EVERY_SECONDS = 5.0
# Who is to end waits no longer for a store that is away.
_GIVE_UP_SECONDS = 2.0


@dataclass
class Worker:
    """Takes one job at a time; any number of them may share a store."""

    store: JobStore
    settings: WorkerSettings
    name: str = field(default_factory=lambda: f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:6]}")
    _held: HeldJob | None = None
    _asked_to_end: float | None = None
    _clock: datetime | None = None
    _ended: threading.Event = field(default_factory=threading.Event)

    def stop(self) -> None:
        """Lets it take no job any more, and end: the one it holds is finished in its time of grace, or given back."""
        if self._asked_to_end is None:
            self._asked_to_end = time.monotonic()

    def run(self) -> None:
        """Works until `stop` is called, by a signal or another thread. A store that is away is waited for.

        Raises:
            NewerStoreError: the store was brought to a version that this program does not know.
        """
        LOG.info("worker %s begins", self.name)
        chores = threading.Thread(target=self._do_chores, name="chores", daemon=True)
        chores.start()
        try:
            while self._asked_to_end is None or self._held is not None:
                self._look()
                if self._held is not None:
                    self._held.wait(self.settings.look_every_seconds)
                else:
                    time.sleep(self.settings.look_every_seconds)
        finally:
            self._ended.set()
            self._drop()
        chores.join(self.settings.grace_seconds)
        LOG.info("worker %s ends", self.name)

    def _look(self) -> None:
        """Does all that is to do now; what a store that is away does not let it do is done later."""
        try:
            self._attend()
            if self._asked_to_end is None:
                self._decide_about_slots()
                own = None if self._held is None else self._held.job.id
                for lost in reap(self.store, own):
                    LOG.warning("job %s: %s", lost.id, lost.reason, extra=about(lost))
                self._take_a_job()
        except NewerStoreError:
            raise
        except FenceError as error:
            LOG.warning("%s", error)
            self._drop()
        except StoreError as error:
            LOG.error("%s", error)
            if self._grace_is_over(_GIVE_UP_SECONDS):
                LOG.warning("the job at work is left to another worker, as the store cannot be told of it")
                self._drop()
            self._ended.wait(_AFTER_AN_ERROR_SECONDS)

    def _attend(self) -> None:
        if self._held is None:
            return
        if self._grace_is_over():
            self._held.give_back("its worker was shut down")
        if self._held.attend():
            LOG.info("job %s: run %s has ended", self._held.job.id, self._held.job.run, extra=about(self._held.job))
            self._held = None

    def _grace_is_over(self, more_seconds: float = 0) -> bool:
        asked = self._asked_to_end
        return asked is not None and time.monotonic() - asked >= self.settings.grace_seconds + more_seconds

    def _decide_about_slots(self) -> None:
        with self.store.reading() as connection:
            now = self.store.clock(connection)
        if self._clock is None or now < self._clock - _WENT_BACK:
            forget_future_slots(self.store)
        self._clock = now
        for slot in make_slots(self.store):
            LOG.info("schedule %s, slot %s: %s %s", slot.schedule, slot.slot, slot.outcome, slot.reason or "")

    def _take_a_job(self) -> None:
        if self._held is not None:
            return
        job = claim(self.store, self.name, self.settings.lease_seconds)
        if job is None:
            return
        LOG.info("job %s: run %s begins", job.id, job.run, extra=about(job))
        try:
            self._held = HeldJob(self.store, self.settings, job)
        except OSError as error:
            reason = f"no process could be started: {error.strerror}"
            try_again(self.store, job.id, job.fence, reason, self.settings.retry_seconds)

    def _drop(self) -> None:
        if self._held is not None:
            self._held.abandon()
            self._held = None

    def _do_chores(self) -> None:
        """Frees the store, sends messages, and removes what is not kept, beside the audits: each may take its time."""
        freed = time.monotonic()
        tidied: float | None = None
        while not self._ended.wait(self.settings.look_every_seconds):
            try:
                if time.monotonic() - freed >= _FREE_EVERY_SECONDS:
                    freed = time.monotonic()
                    with self.store.reading() as connection:
                        end_stuck_transactions(connection)
                send_messages(self.store)
                if tidied is None or time.monotonic() - tidied >= self.settings.tidy_every_seconds:
                    tidy(self.store, self.settings.data)
                    tidied = time.monotonic()
            except (StoreError, OSError) as error:
                LOG.error("%s", error)
            except Exception:
                LOG.exception("a fault of the program; the worker goes on")


def about(job: Job) -> dict[str, Any]:
    """What a line of log in JSON has beside its words."""
    return {"fields": {"job": job.id, "run": job.run, "dataset": job.dataset}}


def work(where: str, settings: WorkerSettings) -> None:
    """Makes this process a worker on a store, until SIGTERM or Ctrl-C.

    Raises:
        StoreError: the store cannot be opened; NewerStoreError where this program is too old for it.
    """
    with JobStore(where) as store:
        worker = Worker(store, settings)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: worker.stop())
        worker.run()


def main() -> None:
    """One worker as a process of its own: `python -m kvqa_audit.jobs.worker --data FOLDER`."""
    usual = WorkerSettings(Path())
    parser = argparse.ArgumentParser("kvqa_audit.jobs.worker", description=__doc__)
    parser.add_argument("--store", default=os.environ.get(STORE_VARIABLE), help=f"its place; else {STORE_VARIABLE}")
    parser.add_argument("--data", type=Path, required=True, help="the folder of the service")
    for name in ("lease_seconds", "retry_seconds", "grace_seconds", "tidy_every_seconds"):
        parser.add_argument(f"--{name.replace('_', '-')}", type=float, default=getattr(usual, name))
    parser.add_argument("--report-url", default="", help="where a run's report can be opened, with {run} for its id")
    given = vars(parser.parse_args())
    where = given.pop("store")
    if not where:
        parser.error(f"name the store with --store, or in {STORE_VARIABLE}")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    try:
        work(where, WorkerSettings(**given))
    except KvqaAuditError as error:
        sys.stderr.write(f"kvqa-audit worker: {error}\n")
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
