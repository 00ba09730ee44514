"""Workers as real processes: killed, paused, shut down, without a store; no job is lost, and none done twice."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from sqlalchemy import text

from kvqa_audit.jobs import queue
from kvqa_audit.jobs.datasets import edit_dataset, register_dataset
from kvqa_audit.jobs.events import events_after
from kvqa_audit.jobs.job_store import JobStore
from kvqa_audit.jobs.outbox import COMMANDS_ALLOWED, messages_of
from kvqa_audit.jobs.schedules import add_schedule
from kvqa_audit.jobs.slots import slots
from kvqa_audit.store.job_records import (
    Cause,
    Dataset,
    DatasetSettings,
    EventKind,
    Job,
    JobState,
    MessageState,
    ScheduleSettings,
    SlotOutcome,
)
from kvqa_audit.store.records import RunState
from kvqa_audit.store.runs import RunStore
from tests.postgres_server import new_database
from tests.processes import children, descendants, is_alive, is_stopped, wait_until

TABLE = "img_id,question,answer\n" + "".join(f"i{n},How many polyps?,{n % 3}\n" for n in range(9))


@dataclass
class Service:
    """A store, a folder, and the workers that a test started."""

    store: JobStore
    data: Path
    variables: dict[str, str]
    workers: list[subprocess.Popen[str]] = field(default_factory=list)

    def worker(self, **options: float) -> subprocess.Popen[str]:
        """A worker that keeps its job however busy the machine is, if no shorter lease is given."""
        given = {
            "lease_seconds": 600.0,
            "grace_seconds": 0.0,
            "retry_seconds": 0.2,
            "tidy_every_seconds": 0.5,
            **options,
        }
        flags = [part for name, value in given.items() for part in (f"--{name.replace('_', '-')}", str(value))]
        command = [sys.executable, "-m", "kvqa_audit.jobs.worker", "--data", str(self.data), *flags]
        environment = {**os.environ, **self.variables, "KVQA_AUDIT_STORE": self.store.where}
        log = (self.data / f"worker{len(self.workers)}.log").open("w")
        process = subprocess.Popen(command, env=environment, stderr=log, text=True)
        log.close()
        self.workers.append(process)
        return process

    def log(self, process: subprocess.Popen[str]) -> str:
        return (self.data / f"worker{self.workers.index(process)}.log").read_text()

    def start(self, dataset: Dataset, **about: object) -> Job:
        return queue.start_job(self.store, dataset.id, **about)  # type: ignore[arg-type]

    def job(self, job: Job) -> Job:
        return queue.job(self.store, job.id)

    def until(self, job: Job, *states: JobState) -> Job:
        wait_until(lambda: self.job(job).state in states)
        return self.job(job)

    def child_at_work(self, worker: subprocess.Popen[str], job: Job) -> int:
        """The process of the job's audit, paused in the middle of its work."""
        wait_until(lambda: self.run_states() and self.run_states()[-1] is RunState.RUNNING)
        (child,) = children(worker.pid)
        self.pause(child)
        return child

    def pause(self, pid: int) -> None:
        """Stops a process between two of its transactions: while one lasts nobody else writes to a file."""
        while True:
            os.kill(pid, signal.SIGSTOP)
            wait_until(lambda: is_stopped(pid))
            if nobody_writes(self.store):
                return
            os.kill(pid, signal.SIGCONT)

    def until_told(self, job: Job, words: str) -> Job:
        """The job as soon as an event says why it waits again."""
        wait_until(lambda: any(words in (event.body.get("reason") or "") for event in events_after(self.store, job.id)))
        return self.job(job)

    def end(self) -> None:
        for worker in self.workers:
            for pid in (*descendants(worker.pid), worker.pid):
                if is_alive(pid):
                    os.kill(pid, signal.SIGKILL)
            worker.wait()

    def run_states(self) -> list[RunState]:
        with RunStore(self.store.where) as runs:
            return sorted((run.state for run in runs.runs()), key=lambda state: state is RunState.RUNNING)


def nobody_writes(store: JobStore) -> bool:
    """Whether no other process is within a transaction that writes."""
    if store.is_a_file:
        with closing(sqlite3.connect(store.where, timeout=0, isolation_level=None)) as database:
            try:
                database.executescript("BEGIN IMMEDIATE; ROLLBACK")
            except sqlite3.OperationalError:
                return False
        return True
    at_work = "datname = current_database() AND xact_start IS NOT NULL AND pid != pg_backend_pid()"
    with store.reading() as connection:
        return not connection.execute(text(f"SELECT count(*) FROM pg_stat_activity WHERE {at_work}")).scalar()


@pytest.fixture(scope="session")
def variables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What a worker finds in its environment: a cache of its own."""
    return {"XDG_CACHE_HOME": str(tmp_path_factory.mktemp("cache"))}


@pytest.fixture
def service(place: str, tmp_path: Path, variables: dict[str, str]) -> Iterator[Service]:
    data = tmp_path / "data"
    data.mkdir()
    with JobStore(place) as store:
        started = Service(store, data, dict(variables))
        yield started
        started.end()


@pytest.fixture
def dataset(service: Service, tmp_path: Path) -> Dataset:
    return small(service.store, tmp_path)


def small(store: JobStore, folder: Path, max_attempts: int = 3) -> Dataset:
    """A small table that an audit takes seconds for, most of them to begin."""
    source = folder / "small"
    source.mkdir()
    (source / "metadata.csv").write_text(TABLE)
    options = {"table_only": True, "no_images": True}
    about = DatasetSettings("small", str(source), spec="auto", options=options, max_attempts=max_attempts)
    return register_dataset(store, about)


def test_a_job_is_done_and_told_from_beginning_to_end(service: Service, dataset: Dataset) -> None:
    job = service.start(dataset)
    service.worker()
    done = service.until(job, JobState.DONE, JobState.FAILED)
    assert (done.state, done.reason, done.attempts) == (JobState.DONE, None, 1)
    ((_, run),) = queue.history(service.store, dataset.id)
    assert run is not None
    assert (run.id, run.state, run.rows) == (done.run, RunState.FINISHED, 9)
    assert (service.data / "runs" / run.id / "report.html").is_file()
    assert not (service.data / "work" / run.id).exists()
    told = events_after(service.store, job.id)
    assert [event.body["state"] for event in told if event.kind is EventKind.STATE] == ["queued", "running", "done"]
    stages = [event.body["stage"] for event in told if event.kind is EventKind.STAGE]
    assert (stages[0], stages[-1]) == ("read the table", "write the report")
    assert [event.position for event in told] == sorted({event.position for event in told})


def test_a_killed_worker_leaves_a_lost_run_and_its_job_is_taken_up(service: Service, dataset: Dataset) -> None:
    job = service.start(dataset)
    first = service.worker(lease_seconds=1)
    child = service.child_at_work(first, job)
    first.kill()
    wait_until(lambda: not is_alive(child))
    assert service.run_states() == [RunState.RUNNING]
    service.worker()
    done = service.until(job, JobState.DONE, JobState.FAILED, JobState.LOST)
    assert (done.state, done.attempts) == (JobState.DONE, 2)
    assert sorted(service.run_states()) == [RunState.FINISHED, RunState.LOST]
    reasons = [event.body["reason"] for event in events_after(service.store, job.id) if event.kind is EventKind.STATE]
    assert any("lost: its worker" in (reason or "") for reason in reasons)


def test_a_paused_worker_that_wakes_writes_nothing(service: Service, dataset: Dataset) -> None:
    job = service.start(dataset)
    paused = service.worker(lease_seconds=1)
    child = service.child_at_work(paused, job)
    service.pause(paused.pid)
    service.worker()
    done = service.until(job, JobState.DONE, JobState.FAILED, JobState.LOST)
    told = events_after(service.store, job.id)
    # Its audit goes on first, and would be kept before its worker looks.
    os.kill(child, signal.SIGCONT)
    wait_until(lambda: not is_alive(child) or service.data.joinpath("runs").exists())
    paused.send_signal(signal.SIGCONT)
    wait_until(lambda: "was taken from this worker" in service.log(paused))
    wait_until(lambda: not is_alive(child))
    assert service.job(job) == done
    assert events_after(service.store, job.id) == told
    assert sorted(service.run_states()) == [RunState.FINISHED, RunState.LOST]
    wait_until(lambda: [path.name for path in (service.data / "runs").iterdir()] == [done.run])
    assert paused.poll() is None


def test_a_run_is_not_kept_by_who_lost_its_job(service: Service, dataset: Dataset) -> None:
    """The worker stays paused, so that nobody ends its audit: the store alone refuses it."""
    job = service.start(dataset)
    paused = service.worker(lease_seconds=1)
    child = service.child_at_work(paused, job)
    service.pause(paused.pid)
    service.worker()
    service.until(job, JobState.DONE)
    os.kill(child, signal.SIGCONT)
    wait_until(lambda: not is_alive(child))
    assert sorted(service.run_states()) == [RunState.FINISHED, RunState.LOST]


def test_a_worker_that_wakes_after_its_run_was_kept_takes_nothing_away(service: Service, dataset: Dataset) -> None:
    job = service.start(dataset)
    paused = service.worker(lease_seconds=1)
    child = service.child_at_work(paused, job)
    service.pause(paused.pid)
    os.kill(child, signal.SIGCONT)
    wait_until(lambda: service.run_states() == [RunState.FINISHED])
    service.worker()
    done = service.until(job, JobState.DONE, JobState.FAILED, JobState.LOST)
    paused.send_signal(signal.SIGCONT)
    wait_until(lambda: "was taken from this worker" in service.log(paused))
    service.until(service.start(dataset), JobState.DONE)  # both workers have looked around by then
    assert (done.state, done.attempts, service.job(job)) == (JobState.DONE, 1, done)
    assert (service.data / "runs" / (done.run or "") / "report.html").is_file()


@pytest.mark.parametrize("stuck", [True, False])
def test_a_job_at_work_is_cancelled(service: Service, dataset: Dataset, stuck: bool) -> None:
    job = service.start(dataset)
    child = service.child_at_work(service.worker(), job)
    queue.cancel(service.store, job.id, "ann")
    if not stuck:
        os.kill(child, signal.SIGCONT)
    ended = service.until(job, JobState.CANCELLED, JobState.DONE, JobState.FAILED)
    assert (ended.state, ended.reason) == (JobState.CANCELLED, "cancelled by ann")
    assert not is_alive(child)
    assert service.run_states() == [RunState.CANCELLED]
    assert list((service.data / "runs").iterdir()) == []


@pytest.mark.parametrize(
    ("limit", "reason"),
    [({"time_limit_s": 1}, "took longer than its limit of 1 s"), ({"memory_limit_mb": 1}, "MB of memory, more than")],
)
def test_a_job_that_needs_too_much_is_ended(
    service: Service, dataset: Dataset, limit: dict[str, int], reason: str
) -> None:
    edit_dataset(service.store, dataset.id, 1, replace(dataset.settings, **limit))  # type: ignore[arg-type]
    job = service.start(dataset)
    service.worker()
    ended = service.until(job, JobState.FAILED, JobState.DONE)
    assert ended.state is JobState.FAILED
    assert reason in (ended.reason or "")
    assert ended.attempts == 1


def test_a_worker_that_is_shut_down_gives_its_job_back(service: Service, dataset: Dataset) -> None:
    job = service.start(dataset)
    worker = service.worker()
    child = service.child_at_work(worker, job)
    worker.terminate()
    assert worker.wait() == 0
    assert not is_alive(child)
    back = service.job(job)
    assert (back.state, back.attempts, back.reason) == (JobState.QUEUED, 0, "its worker was shut down")
    assert service.run_states() == [RunState.CANCELLED]


def test_a_worker_that_is_shut_down_finishes_its_job_in_its_time_of_grace(service: Service, dataset: Dataset) -> None:
    job, waiting = service.start(dataset), service.start(dataset)
    worker = service.worker(grace_seconds=600)
    child = service.child_at_work(worker, job)
    worker.terminate()
    os.kill(child, signal.SIGCONT)
    assert worker.wait() == 0
    assert (service.job(job).state, service.job(waiting).state) == (JobState.DONE, JobState.QUEUED)


def test_an_audit_that_is_killed_is_begun_again_later(service: Service, dataset: Dataset) -> None:
    job = service.start(dataset)
    os.kill(service.child_at_work(service.worker(), job), signal.SIGKILL)
    wait_until(lambda: service.job(job).state is not JobState.RUNNING)
    again = service.job(job)
    assert (again.state, again.reason) == (JobState.QUEUED, "its process ended with signal SIGKILL")
    assert again.not_before > again.queued_at
    assert service.run_states() == [RunState.FAILED]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"spec": None, "description": {"dataset.yaml": "name: x\ncolumns: 7\n"}}, "dataset.yaml, line 2"),
        ({"gate": "fail_on: sometimes\n"}, "gate.yaml, line 1"),
        ({"decisions": "decisions: 7\n"}, "decisions.yaml"),
        ({"source": "/nowhere/at/all"}, "/nowhere/at/all"),
    ],
)
def test_a_word_of_a_person_that_is_wrong_is_told_and_not_tried_again(
    service: Service, dataset: Dataset, change: dict[str, object], words: str
) -> None:
    edit_dataset(service.store, dataset.id, 1, replace(dataset.settings, **change))  # type: ignore[arg-type]
    job = service.start(dataset)
    service.worker()
    wait_until(lambda: service.job(job).state.is_over)
    ended = service.job(job)
    assert (ended.state, ended.attempts) == (JobState.FAILED, 1)
    assert (ended.reason or "").startswith(words), ended.reason
    assert str(service.data) not in (ended.reason or "")


def test_a_dataset_that_is_removed_during_its_audit_is_told(service: Service, dataset: Dataset) -> None:
    job = service.start(dataset)
    child = service.child_at_work(service.worker(), job)
    shutil.rmtree(dataset.settings.source)
    os.kill(child, signal.SIGCONT)
    ended = service.until(job, JobState.FAILED, JobState.DONE)
    assert ended.state is JobState.FAILED
    assert "small" in (ended.reason or "")
    assert "exist" in (ended.reason or "") or "removed" in (ended.reason or ""), ended.reason
    assert service.run_states() == [RunState.FAILED]


def test_a_store_that_is_locked_is_waited_for(service: Service, dataset: Dataset) -> None:
    job = service.start(dataset)
    child = service.child_at_work(service.worker(), job)
    with service.store.writing() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("LOCK TABLE jobs, runs, events IN ACCESS EXCLUSIVE MODE"))
        os.kill(child, signal.SIGCONT)
        time.sleep(3)  # more than a lease; whoever tried to write in between, the same has to come of it
    done = service.until(job, JobState.DONE, JobState.FAILED)
    assert (done.state, done.attempts) == (JobState.DONE, 1)


@dataclass
class LostStore:
    """A service at work on a job whose database refuses everybody; `allow` lets them in again."""

    service: Service
    worker: subprocess.Popen[str]
    job: Job
    child: int
    allow: Callable[[], None]


@pytest.fixture
def lost_store(variables: dict[str, str], tmp_path: Path, postgres: str) -> Iterator[LostStore]:
    place = new_database(postgres)
    with JobStore(place) as store, JobStore(new_database(postgres)) as other:
        service = Service(store, tmp_path, variables)
        job = service.start(small(store, tmp_path))
        try:
            worker = service.worker(lease_seconds=1)
            child = service.child_at_work(worker, job)
            store.close()
            allow(other, place, False)
            yield LostStore(service, worker, job, child, lambda: allow(other, place, True))
        finally:
            service.end()


def test_a_store_of_postgres_that_is_gone_for_a_while_is_waited_for(lost_store: LostStore) -> None:
    service, worker, child = lost_store.service, lost_store.worker, lost_store.child
    os.kill(child, signal.SIGCONT)
    wait_until(lambda: not is_alive(child) and "the store cannot be used" in service.log(worker))
    lost_store.allow()
    done = service.until(lost_store.job, JobState.DONE, JobState.FAILED, JobState.LOST)
    assert (done.state, worker.poll()) == (JobState.DONE, None)
    assert service.run_states().count(RunState.FINISHED) == 1


def test_a_worker_ends_without_its_store_of_postgres_and_its_job_is_taken_up(lost_store: LostStore) -> None:
    service, worker = lost_store.service, lost_store.worker
    worker.terminate()
    assert worker.wait() == 0
    assert not is_alive(lost_store.child)
    assert "left to another worker" in service.log(worker)
    lost_store.allow()
    service.worker()
    done = service.until(lost_store.job, JobState.DONE, JobState.FAILED, JobState.LOST)
    assert (done.state, done.attempts) == (JobState.DONE, 2)


def allow(other: JobStore, place: str, allowed: bool) -> None:
    """Lets a database be used, or ends all connections to it and refuses new ones."""
    name = place.rpartition("/")[2]
    with other.reading() as connection:
        connection.execute(text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS {str(allowed).lower()}"))
    with other.reading() as connection:
        if not allowed:
            connection.execute(text(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"))


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """A file system of its own, which a test may fill."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder]
    if subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("only a superuser may make a small disk")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def fill(folder: Path) -> Path:
    """Leaves no room on a disk; the file that fills it."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"x" * 4096)
    return filler


def test_a_store_of_sqlite_without_room_is_waited_for(variables: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    with small_disk(tmp_path / "disk", "8m") as disk, JobStore(str(disk / "runs.sqlite")) as store:
        service = Service(store, tmp_path / "data", variables)
        job = service.start(small(store, tmp_path))
        try:
            worker = service.worker()
            child = service.child_at_work(worker, job)
            filler = fill(disk)
            os.kill(child, signal.SIGCONT)
            wait_until(lambda: "full. Make room there" in service.log(worker))
            filler.unlink()
            done = service.until(job, JobState.DONE, JobState.FAILED)
            assert (done.state, worker.poll()) == (JobState.DONE, None)
            assert service.run_states().count(RunState.FINISHED) == 1
        finally:
            service.end()


def test_a_full_disk_is_told_and_the_audit_comes_when_there_is_room(
    place: str, variables: dict[str, str], tmp_path: Path
) -> None:
    with small_disk(tmp_path / "data", "1m") as data, JobStore(place) as store:
        service = Service(store, data, variables)
        job = service.start(small(store, tmp_path, max_attempts=99))
        (data / "filler").write_bytes(b"x" * 1_000_000)
        try:
            service.worker()
            told = service.until_told(job, "No space left on device")
            assert told.state is JobState.QUEUED
            (data / "filler").unlink()
            subprocess.run(["mount", "-o", "remount,size=64m", data], check=True)
            assert service.until(job, JobState.DONE, JobState.FAILED).state is JobState.DONE
        finally:
            service.end()


def test_a_worker_of_an_older_version_ends_and_says_so(service: Service, dataset: Dataset) -> None:
    worker = service.worker()
    wait_until(lambda: "begins" in service.log(worker))
    with service.store.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0999'"))
    assert worker.wait() == 2
    assert "was brought to store version 0999 while this program" in service.log(worker)
    assert "Update kvqa-audit" in service.log(worker)
    second = service.worker()
    assert second.wait() == 2
    assert "was written by a newer kvqa-audit" in service.log(second)


def test_a_slot_at_which_nothing_changed_is_left_out_and_says_so(service: Service, dataset: Dataset) -> None:
    made = add_schedule(service.store, dataset.id, ScheduleSettings("* * * * * *", watch=True))
    service.worker()

    def outcomes() -> list[str | None]:
        found = slots(service.store, made.id, limit=500)[::-1]
        over = {job.id: job for job in queue.jobs(service.store, limit=500) if job.state.is_over}
        return [slot.reason or over[slot.job].state for slot in found if slot.job in over]

    wait_until(lambda: "nothing changed since the last audit" in outcomes())
    assert outcomes()[0] == JobState.DONE
    table = Path(dataset.settings.source) / "metadata.csv"
    os.utime(table)
    seen = len(outcomes())
    wait_until(lambda: len(outcomes()) > seen + 1)
    assert set(outcomes()[1:]) == {"nothing changed since the last audit"}
    table.write_text(TABLE + "i9,How many polyps?,9\n")
    wait_until(lambda: outcomes().count(JobState.DONE) == 2)
    ((last, *_),) = [[run for _, run in queue.history(service.store, dataset.id, limit=500) if run]]
    assert last.rows == 10
    skipped = [slot for slot in slots(service.store, made.id, limit=500) if slot.job is not None]
    assert {slot.outcome for slot in skipped} == {SlotOutcome.QUEUED, SlotOutcome.SKIPPED}


def test_what_is_new_is_told_once(service: Service, dataset: Dataset, tmp_path: Path) -> None:
    told = tmp_path / "told.txt"
    script = tmp_path / "tell"
    script.write_text(f"#!/bin/sh\ncat >> {told}\necho >> {told}\n")
    script.chmod(0o755)
    channel = f"command:{script}"
    edit_dataset(service.store, dataset.id, 1, replace(dataset.settings, notify=(channel,)))
    service.variables[COMMANDS_ALLOWED] = "1"
    Path(dataset.settings.source, "metadata.csv").write_text(TABLE + "i1,How many polyps?, \n")
    first = service.start(dataset)
    service.worker()
    wait_until(lambda: [one.state for one in messages_of(service.store, [first.id])] == [MessageState.SENT])
    assert "small" in told.read_text()
    size = told.stat().st_size
    second = service.start(dataset)
    service.until(second, JobState.DONE)
    shutil.rmtree(dataset.settings.source)
    third = service.start(dataset, cause=Cause.API)
    wait_until(lambda: [one.state for one in messages_of(service.store, [third.id])] == [MessageState.SENT])
    assert messages_of(service.store, [second.id]) == ()
    assert told.stat().st_size > size
    assert told.read_text().count("The audit failed") <= 2
