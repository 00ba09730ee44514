"""Empty stores come in; slots and jobs are raced for, workers killed, jobs cancelled, and rates and delays go out."""

from __future__ import annotations

import argparse
import multiprocessing
import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from multiprocessing.synchronize import Barrier
from pathlib import Path

from sqlalchemy import func, select

from kvqa_audit.jobs import leases, queue
from kvqa_audit.jobs.datasets import register_dataset
from kvqa_audit.jobs.job_store import JobStore
from kvqa_audit.jobs.schedules import add_schedule, schedules
from kvqa_audit.jobs.slots import make_slots, slots
from kvqa_audit.store.job_records import Dataset, DatasetSettings, Job, JobState, Overlap, ScheduleSettings
from kvqa_audit.store.job_tables import JOBS
from kvqa_audit.store.records import RunState
from kvqa_audit.store.runs import RunStore
from tests.processes import GIVE_UP_SECONDS, children, wait_until

DATASETS = 16
LEASE_SECONDS = 2.0
START = datetime(2026, 3, 2, 12, 0, 0, 500_000, tzinfo=UTC)
SPAWN = multiprocessing.get_context("spawn")


def finish_jobs(place: str, name: str, begin: Barrier) -> None:
    """Claims and finishes jobs until none is left."""
    with JobStore(place) as store:
        begin.wait()
        misses = 0
        while misses < 3:
            held = leases.claim(store, name, 60)
            misses = misses + 1 if held is None else 0  # on PostgreSQL another worker may have been faster
            if held is not None:
                leases.finish(store, held.id, held.fence, JobState.DONE)


def make_all_slots(place: str, _: str, begin: Barrier, count: int) -> None:
    """Makes the slots of so many minutes, by a clock that goes on when somebody has decided about a minute."""
    now = START
    with JobStore(place, clock=lambda _: now) as store:
        begin.wait()
        for _ in range(count):
            now += timedelta(minutes=1)
            while (following := schedules(store)[0].next_slot) is not None and following <= now:
                make_slots(store)
                time.sleep(0.001)


def raced(work: Callable[..., None], place: str, workers: int, *arguments: int) -> float:
    """Does this in so many processes, which begin at once; how many seconds the last one took."""
    begin = SPAWN.Barrier(workers + 1)
    processes = [
        SPAWN.Process(target=work, args=(place, f"worker{n}", begin, *arguments), daemon=True) for n in range(workers)
    ]
    for process in processes:
        process.start()
    begin.wait(GIVE_UP_SECONDS)
    started = time.perf_counter()
    for process in processes:
        process.join(GIVE_UP_SECONDS)
    assert [process.exitcode for process in processes] == [0] * workers
    return time.perf_counter() - started


def measure_rate(place: str, count: int, workers: int) -> None:
    with JobStore(place) as store:
        datasets = [register_dataset(store, DatasetSettings(f"rate {n}", "/data")) for n in range(DATASETS)]
        for n in range(count):
            queue.start_job(store, datasets[n % DATASETS].id)
        seconds = raced(finish_jobs, place, workers)
        with store.reading() as connection:
            states = select(JOBS.c.state, JOBS.c.attempts, func.count()).group_by(JOBS.c.state, JOBS.c.attempts)
            found = connection.execute(states).all()
    assert [tuple(row) for row in found] == [(JobState.DONE, 1, count)], found
    print(f"  claimed and finished, {workers} workers, {DATASETS} datasets: {count / seconds:.0f} jobs/s", flush=True)


def measure_slots(place: str, count: int, workers: int) -> None:
    with JobStore(place, clock=lambda _: START) as store:
        dataset = register_dataset(store, DatasetSettings("raced", "/data"))
        made = add_schedule(store, dataset.id, ScheduleSettings("* * * * *", overlap=Overlap.QUEUE))
        seconds = raced(make_all_slots, place, workers, count)
        found = slots(store, made.id, limit=2 * count)[::-1]
        gaps = sum(later.slot - earlier.slot != timedelta(minutes=1) for earlier, later in pairwise(found))
        jobs = len(queue.jobs(store, dataset=dataset.id, limit=2 * count))
    print(
        f"  {count:,} slots raced for by {workers} workers: {len(found):,} slots, {jobs:,} jobs, "
        f"{jobs - len({slot.job for slot in found})} jobs too many, {gaps} gaps; {count / seconds:.0f} slots/s",
        flush=True,
    )


@contextmanager
def working(place: str, folder: Path, count: int) -> Iterator[list[subprocess.Popen[bytes]]]:
    """So many real workers."""
    command = [sys.executable, "-m", "kvqa_audit.jobs.worker", "--store", place, "--data", str(folder)]
    command += ["--lease-seconds", str(LEASE_SECONDS), "--grace-seconds", "0"]
    workers = [subprocess.Popen(command, stderr=subprocess.DEVNULL) for _ in range(count)]
    try:
        yield workers
    finally:
        for worker in workers:
            if worker.poll() is None:
                worker.terminate()
                worker.wait()


def started_at(store: JobStore, job: int, attempt: int) -> datetime:
    """When an attempt at a job began."""
    wait_until(lambda: (known := queue.job(store, job)).attempts >= attempt and known.started_at is not None)
    began = queue.job(store, job).started_at
    assert began is not None
    return began


def measure_lateness(place: str, folder: Path, times: int) -> None:
    with JobStore(place) as store:
        dataset = register_dataset(store, DatasetSettings("late", "/nowhere", max_attempts=1))
        first = queue.start_job(store, dataset.id)
        with working(place, folder, 1):
            wait_until(lambda: queue.job(store, first.id).state.is_over)  # the worker itself has begun
            made = add_schedule(store, dataset.id, ScheduleSettings("*/4 * * * * *"))
            wait_until(lambda: len([slot for slot in slots(store, made.id) if slot.job is not None]) >= times)
            found = [slot for slot in slots(store, made.id)[::-1] if slot.job is not None]
            late = [(started_at(store, slot.job or 0, 1) - slot.slot).total_seconds() for slot in found]
    tell("job of a slot begun after it", late)


def measure_kills(place: str, folder: Path, times: int, source: Path) -> None:
    taken = []
    with JobStore(place) as store:
        for n in range(times):
            job = queue.start_job(store, small(store, source, f"killed {n}").id)
            with working(place, folder, 2) as workers:
                first = owner(store, job, workers)
                paused_child(store, job, first)
                killed_at = now(store)
                first.kill()
                first.wait()
                taken.append((started_at(store, job.id, 2) - killed_at).total_seconds())
                queue.cancel(store, job.id)
                wait_until(lambda job=job: queue.job(store, job.id).state.is_over)  # type: ignore[misc]
    tell(f"job of a killed worker begun again, lease {LEASE_SECONDS:g} s", taken)


def measure_cancels(place: str, folder: Path, times: int, source: Path) -> None:
    took = []
    with JobStore(place) as store, working(place, folder, 1) as workers:
        for n in range(times):
            job = queue.start_job(store, small(store, source, f"cancelled {n}").id)
            paused_child(store, job, workers[0])
            asked_at = now(store)
            queue.cancel(store, job.id)
            wait_until(lambda job=job: queue.job(store, job.id).state.is_over)  # type: ignore[misc]
            ended = queue.job(store, job.id)
            assert ended.state is JobState.CANCELLED
            assert ended.finished_at is not None
            took.append((ended.finished_at - asked_at).total_seconds())
    tell("audit cancelled that does not react", took)


def now(store: JobStore) -> datetime:
    with store.reading() as connection:
        return store.clock(connection)


def small(store: JobStore, source: Path, name: str) -> Dataset:
    options = {"table_only": True, "no_images": True}
    return register_dataset(store, DatasetSettings(name, str(source), spec="auto", options=options))


def owner(store: JobStore, job: Job, workers: list[subprocess.Popen[bytes]]) -> subprocess.Popen[bytes]:
    started_at(store, job.id, 1)
    name = queue.job(store, job.id).worker or ""
    return next(worker for worker in workers if f":{worker.pid}:" in name)


def paused_child(store: JobStore, job: Job, worker: subprocess.Popen[bytes]) -> int:
    """The process of the job's audit, paused in the middle of its work."""
    started_at(store, job.id, 1)
    run = queue.job(store, job.id).run
    with RunStore(store.where) as runs:
        wait_until(lambda: any(one.id == run and one.state is RunState.RUNNING for one in runs.runs()))
    (child,) = children(worker.pid)
    os.kill(child, signal.SIGSTOP)
    return child


def tell(what: str, seconds: list[float]) -> None:
    middle, worst = statistics.median(seconds), max(seconds)
    print(f"  {what}: median {middle:.2f} s, worst {worst:.2f} s of {len(seconds)}", flush=True)


def measure(new_place: Callable[[], str], folder: Path, args: argparse.Namespace) -> None:
    """Prints the figures of one database, each of a store of its own."""
    source = folder / "small"
    source.mkdir(parents=True)
    rows = "".join(f"i{n},How many?,{n % 3}\n" for n in range(9))
    (source / "metadata.csv").write_text(f"img_id,question,answer\n{rows}")
    measure_slots(new_place(), args.slots, args.workers)
    measure_rate(new_place(), args.jobs, args.workers)
    measure_lateness(new_place(), folder / "data", args.times)
    measure_kills(new_place(), folder / "data", args.times, source)
    measure_cancels(new_place(), folder / "data", args.times, source)
