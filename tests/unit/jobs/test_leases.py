"""A job is held by one worker; who lost it writes nothing; how it ends, and what becomes of its run, is told."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from kvqa_audit.errors import ConflictError, FenceError, StoreError
from kvqa_audit.jobs import events, leases, queue
from kvqa_audit.jobs.datasets import register_dataset
from kvqa_audit.jobs.job_store import JobStore
from kvqa_audit.store.job_records import Cause, Dataset, DatasetSettings, EventKind, Job, JobState
from kvqa_audit.store.records import RunStart, RunState
from kvqa_audit.store.runs import RunStore
from tests.unit.compare.samples import finished, image
from tests.unit.jobs.conftest import SteppedClock

LEASE = 60.0


@pytest.fixture
def store(stepped: JobStore) -> JobStore:
    """All of these tests step the clock."""
    return stepped


@pytest.fixture
def held(store: JobStore, dataset: Dataset) -> Job:
    queue.start_job(store, dataset.id)
    return claimed(store, "one")


def claimed(store: JobStore, worker: str) -> Job:
    found = leases.claim(store, worker, LEASE)
    assert found is not None
    return found


def test_a_job_is_queued_claimed_and_done(store: JobStore, dataset: Dataset, clock: SteppedClock) -> None:
    queued = queue.start_job(store, dataset.id, Cause.API, asked_by="ann")
    assert (queued.state, queued.cause, queued.asked_by, queued.run) == (JobState.QUEUED, Cause.API, "ann", None)
    held = claimed(store, "one")
    assert (held.id, held.state, held.worker, held.attempts) == (queued.id, JobState.RUNNING, "one", 1)
    assert held.lease_until == clock.now + timedelta(seconds=LEASE)
    assert leases.claim(store, "two", LEASE) is None
    done = leases.finish(store, held.id, held.fence, JobState.DONE)
    assert (done.state, done.run, done.finished_at, done.lease_until) == (JobState.DONE, held.run, clock.now, None)
    told = [event.body["state"] for event in events.events_after(store, done.id)]
    assert told == ["queued", "running", "done"]


def test_one_key_gives_one_job(store: JobStore, dataset: Dataset) -> None:
    first = queue.start_job(store, dataset.id, idempotency_key="k")
    assert queue.start_job(store, dataset.id, idempotency_key="k") == first
    other = register_dataset(store, DatasetSettings("other", "/data"))
    with pytest.raises(ConflictError, match="used for another dataset"):
        queue.start_job(store, other.id, idempotency_key="k")
    assert queue.jobs(store) == (first,)


def test_jobs_of_one_dataset_wait_for_each_other_and_not_for_others(store: JobStore, dataset: Dataset) -> None:
    other = register_dataset(store, DatasetSettings("other", "/data"))
    first, second = queue.start_job(store, dataset.id), queue.start_job(store, dataset.id)
    third = queue.start_job(store, other.id)
    held = claimed(store, "one")
    assert (held.id, claimed(store, "two").id) == (first.id, third.id)
    assert leases.claim(store, "three", LEASE) is None
    leases.finish(store, held.id, held.fence, JobState.DONE)
    assert claimed(store, "three").id == second.id
    assert [one.id for one in queue.jobs(store, limit=2)] == [third.id, second.id]
    assert [one.id for one in queue.jobs(store, before=second.id)] == [first.id]
    assert [one.id for one in queue.jobs(store, dataset=dataset.id, state=JobState.DONE)] == [first.id]


def test_a_heartbeat_keeps_the_job(store: JobStore, held: Job, clock: SteppedClock) -> None:
    for _ in range(5):
        clock.step(seconds=LEASE / 3)
        kept = leases.heartbeat(store, held.id, held.fence, LEASE)
        assert kept.lease_until == clock.now + timedelta(seconds=LEASE)
        assert leases.reap(store) == ()


def test_a_lost_job_is_taken_up_and_its_first_worker_writes_nothing(
    store: JobStore, held: Job, clock: SteppedClock
) -> None:
    with RunStore(store.where) as runs:
        runs.begin(RunStart(held.run or "", "Sample", "/data"))
        clock.step(seconds=LEASE + 0.001)
        (lost,) = leases.reap(store)
        assert (lost.state, lost.worker) == (JobState.QUEUED, None)
        assert lost.reason == "lost: its worker one was not heard of since 12:00:00 UTC"
        assert [(run.state, run.reason) for run in runs.runs()] == [(RunState.LOST, lost.reason)]
    again = claimed(store, "two")
    assert (again.id, again.attempts) == (held.id, 2)
    assert again.fence > held.fence
    assert again.run != held.run
    before = queue.job(store, held.id)
    for write in (
        lambda: leases.heartbeat(store, held.id, held.fence, LEASE),
        lambda: events.append_events(store, held.id, held.fence, [(EventKind.LOG, {"text": "I live"})]),
        lambda: leases.finish(store, held.id, held.fence, JobState.DONE),
        lambda: leases.try_again(store, held.id, held.fence, "broken", 10),
        lambda: leases.give_back(store, held.id, held.fence, "shut down"),
    ):
        with pytest.raises(FenceError, match=r"was taken from this worker"):
            write()
    assert queue.job(store, held.id) == before


@pytest.mark.parametrize("said", ["again", "last attempt", "back", "cancelled", "failed"])
def test_a_run_that_was_kept_is_not_done_again_whatever_its_worker_says(store: JobStore, held: Job, said: str) -> None:
    """Its process may have been killed right after, or was asked to end too late."""
    with RunStore(store.where) as runs:
        runs.finish(finished([("Polyps", "How many?", "1", "i1")], [image("i1")], run_id=held.run or ""))
        if said == "last attempt":
            with store.writing() as connection:
                connection.execute(text("UPDATE jobs SET max_attempts = 1"))
        if said in ("again", "last attempt"):
            over = leases.try_again(store, held.id, held.fence, "died", 10)
        elif said == "back":
            over = leases.give_back(store, held.id, held.fence, "shut down")
        else:
            over = leases.finish(store, held.id, held.fence, JobState(said), "too late")
        assert (over.state, over.reason, over.run) == (JobState.DONE, None, held.run)
        assert [run.state for run in runs.runs()] == [RunState.FINISHED]


def test_a_run_that_was_kept_before_its_worker_died_is_not_done_again(
    store: JobStore, held: Job, clock: SteppedClock
) -> None:
    with RunStore(store.where) as runs:
        runs.finish(finished([("Polyps", "How many?", "1", "i1")], [image("i1")], run_id=held.run or ""))
    clock.step(seconds=LEASE + 1)
    (done,) = leases.reap(store)
    assert (done.state, done.run) == (JobState.DONE, held.run)
    assert leases.claim(store, "two", LEASE) is None
    (job, run) = queue.history(store, held.dataset)[0]
    assert (job, run and run.id) == (done, held.run)


def test_a_job_that_ends_all_its_workers_is_lost(store: JobStore, held: Job, clock: SteppedClock) -> None:
    for _ in range(held.max_attempts - 1):
        clock.step(seconds=LEASE + 1)
        leases.reap(store)
        claimed(store, "next")
    clock.step(seconds=LEASE + 1)
    (lost,) = leases.reap(store)
    assert (lost.state, lost.attempts) == (JobState.LOST, held.max_attempts)
    assert "in the last of its attempts" in (lost.reason or "")
    assert leases.claim(store, "one more", LEASE) is None


def test_an_audit_that_breaks_off_waits_longer_each_time(store: JobStore, held: Job, clock: SteppedClock) -> None:
    for waits in (10, 20):
        again = leases.try_again(store, held.id, held.fence, "disk full", 10)
        assert (again.state, again.reason) == (JobState.QUEUED, "disk full")
        assert again.not_before == clock.now + timedelta(seconds=waits)
        clock.step(seconds=waits - 1)
        assert leases.claim(store, "one", LEASE) is None
        clock.step(seconds=1)
        held = claimed(store, "one")
    failed = leases.try_again(store, held.id, held.fence, "disk full", 10)
    assert (failed.state, failed.reason, failed.attempts) == (JobState.FAILED, "disk full", 3)


def test_a_job_that_is_given_back_counts_no_attempt(store: JobStore, held: Job) -> None:
    back = leases.give_back(store, held.id, held.fence, "its worker was shut down")
    assert (back.state, back.attempts) == (JobState.QUEUED, 0)
    assert claimed(store, "two").attempts == 1


def test_a_waiting_job_is_cancelled_at_once_and_a_working_one_is_asked_to_end(store: JobStore, held: Job) -> None:
    waiting = queue.start_job(store, held.dataset)
    assert queue.cancel(store, waiting.id, "ann").state is JobState.CANCELLED
    with pytest.raises(ConflictError, match="is cancelled already"):
        queue.cancel(store, waiting.id)
    asked = queue.cancel(store, held.id, "ann")
    assert (asked.state, asked.cancel_asked) == (JobState.RUNNING, True)
    assert leases.heartbeat(store, held.id, held.fence, LEASE).cancel_asked


@pytest.mark.parametrize("how", ["lost", "again", "back"])
def test_a_cancelled_job_is_not_begun_again(store: JobStore, held: Job, clock: SteppedClock, how: str) -> None:
    queue.cancel(store, held.id, "ann")
    if how == "lost":
        clock.step(seconds=LEASE + 1)
        leases.reap(store)
    elif how == "again":
        leases.try_again(store, held.id, held.fence, "broken", 10)
    else:
        leases.give_back(store, held.id, held.fence, "broken")
    ended = queue.job(store, held.id)
    assert (ended.state, ended.reason) == (JobState.CANCELLED, "cancelled by ann")


def test_a_job_that_ends_takes_its_run_with_it(store: JobStore, held: Job) -> None:
    with RunStore(store.where) as runs:
        runs.begin(RunStart(held.run or "", "Sample", "/data"))
        leases.finish(store, held.id, held.fence, JobState.FAILED, "more than 60 s")
        assert [(run.state, run.reason) for run in runs.runs()] == [(RunState.FAILED, "more than 60 s")]


def test_a_clock_that_goes_back_gives_no_worker_a_longer_lease(store: JobStore, held: Job, clock: SteppedClock) -> None:
    clock.step(hours=-1)
    assert leases.reap(store) == ()
    clock.step(seconds=LEASE + 1)
    assert [job.id for job in leases.reap(store)] == [held.id]


def test_a_clock_that_goes_forward_costs_an_attempt_and_no_result(
    store: JobStore, held: Job, clock: SteppedClock
) -> None:
    clock.step(hours=1)
    leases.reap(store)
    again = claimed(store, "two")
    with pytest.raises(FenceError):
        leases.finish(store, held.id, held.fence, JobState.DONE)
    assert leases.finish(store, again.id, again.fence, JobState.DONE).state is JobState.DONE


def test_a_worker_of_an_older_version_takes_no_job_of_a_newer_store(store: JobStore, dataset: Dataset) -> None:
    queue.start_job(store, dataset.id)
    with store.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0999'"))
    with pytest.raises(StoreError, match=r"was brought to store version 0999 while this program.*Update kvqa-audit"):
        leases.claim(store, "old", LEASE)
    assert queue.jobs(store)[0].state is JobState.QUEUED


def test_events_come_in_order_and_only_the_last_count_is_kept(store: JobStore, held: Job) -> None:
    begun = queue.job(store, held.id).last_event
    stage = (EventKind.STAGE, {"name": "read images", "total": 300})
    events.append_events(store, held.id, held.fence, [stage, (EventKind.COUNT, {"done": 1})])
    for done in range(2, 200):
        events.append_events(store, held.id, held.fence, [(EventKind.COUNT, {"done": done})])
    events.append_events(store, held.id, held.fence, [(EventKind.LOG, {"text": "a\0b \N{SNOWMAN} \ud800"})])
    told = events.events_after(store, held.id, begun)
    assert [event.kind for event in told] == [EventKind.STAGE, EventKind.COUNT, EventKind.LOG]
    assert told[1].body == {"done": 199}
    assert [event.position for event in told] == [begun + 1, begun + 200, begun + 201]
    assert events.events_after(store, held.id, begun, limit=1) == told[:1]
    assert events.events_after(store, held.id, told[-1].position) == ()
