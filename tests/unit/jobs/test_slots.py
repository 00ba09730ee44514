"""Each slot is decided about once, whoever races for it: it becomes a job, or is skipped with the reason."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from sqlalchemy import update

from kvqa_audit.jobs import leases, queue
from kvqa_audit.jobs.job_store import JobStore
from kvqa_audit.jobs.schedules import add_schedule, edit_schedule, schedule
from kvqa_audit.jobs.slots import MAX_RECORDED, forget_future_slots, make_slots, slots
from kvqa_audit.store.job_records import CatchUp, Cause, Dataset, JobState, Overlap, ScheduleSettings, SlotOutcome
from kvqa_audit.store.job_tables import SCHEDULES
from tests.unit.jobs.conftest import SteppedClock

HOURLY = ScheduleSettings("0 * * * *")
# Four of these race through the same minutes, each by a clock of its own, and finish what the slots queued.
RACER = """
import sys
import time
from datetime import UTC, datetime, timedelta
from kvqa_audit.jobs import leases
from kvqa_audit.jobs.job_store import JobStore
from kvqa_audit.jobs.schedules import schedules
from kvqa_audit.jobs.slots import make_slots
from kvqa_audit.store.job_records import JobState
place, worker, minutes = sys.argv[1], sys.argv[2], int(sys.argv[3])
now = datetime(2026, 3, 2, 12, 0, 0, 500_000, tzinfo=UTC)
with JobStore(place, clock=lambda _: now) as store:
    print("ready", flush=True)
    sys.stdin.readline()
    made = 0
    for _ in range(minutes):
        now += timedelta(minutes=1)
        # Its next minute comes when somebody has decided about this one.
        while schedules(store)[0].next_slot <= now:
            made += len(make_slots(store))
            time.sleep(0.001)
    print(made, flush=True)
with JobStore(place) as store:
    done = 0
    while (held := leases.claim(store, worker, 60)) is not None:
        leases.finish(store, held.id, held.fence, JobState.DONE)
        done += 1
    print(done, flush=True)
"""


@pytest.fixture
def store(stepped: JobStore) -> JobStore:
    """All of these tests step the clock."""
    return stepped


def test_a_slot_becomes_a_job_when_it_has_come(store: JobStore, dataset: Dataset, clock: SteppedClock) -> None:
    made = add_schedule(store, dataset.id, HOURLY)
    assert make_slots(store) == ()
    clock.step(hours=1)
    (slot,) = make_slots(store)
    assert make_slots(store) == ()
    assert (slot.slot, slot.outcome) == (datetime(2026, 3, 2, 13, tzinfo=UTC), SlotOutcome.QUEUED)
    (job,) = queue.jobs(store)
    assert (job.id, job.cause) == (slot.job, Cause.SCHEDULE)
    assert slots(store, made.id) == (slot,)
    assert schedule(store, made.id).next_slot == slot.slot + timedelta(hours=1)


def test_a_slot_is_skipped_while_an_earlier_job_waits_or_works(
    store: JobStore, dataset: Dataset, clock: SteppedClock
) -> None:
    add_schedule(store, dataset.id, HOURLY)
    waiting = queue.start_job(store, dataset.id)
    clock.step(hours=1)
    (first,) = make_slots(store)
    leases.claim(store, "one", 60)
    clock.step(hours=1)
    (second,) = make_slots(store)
    assert [slot.outcome for slot in (first, second)] == [SlotOutcome.SKIPPED] * 2
    assert [slot.reason for slot in (first, second)] == [
        f"job {waiting.id} of the dataset was still {state}" for state in ("queued", "running")
    ]
    assert queue.jobs(store)[0].id == waiting.id


def test_a_slot_waits_for_its_turn_where_that_was_asked_for(
    store: JobStore, dataset: Dataset, clock: SteppedClock
) -> None:
    add_schedule(store, dataset.id, replace(HOURLY, overlap=Overlap.QUEUE))
    for _ in range(2):
        clock.step(hours=1)
        assert [slot.outcome for slot in make_slots(store)] == [SlotOutcome.QUEUED]
    assert [job.state for job in queue.jobs(store)] == [JobState.QUEUED] * 2


def test_one_run_makes_up_for_a_time_without_workers(store: JobStore, dataset: Dataset, clock: SteppedClock) -> None:
    add_schedule(store, dataset.id, HOURLY)
    clock.step(hours=5)
    *missed, last = make_slots(store)
    assert last.outcome is SlotOutcome.QUEUED
    assert len(queue.jobs(store)) == 1
    said = "missed: no worker ran then; the slot of 2026-03-02 17:00:00 UTC stands for it"
    assert [slot.reason for slot in missed] == [said] * 4
    assert [later.slot - earlier.slot for earlier, later in pairwise([*missed, last])] == [timedelta(hours=1)] * 4


def test_nothing_makes_up_for_it_where_that_was_asked_for(
    store: JobStore, dataset: Dataset, clock: SteppedClock
) -> None:
    add_schedule(store, dataset.id, replace(HOURLY, catch_up=CatchUp.NONE))
    clock.step(hours=2, minutes=20)
    assert [slot.reason for slot in make_slots(store)] == ["missed: no worker ran then; it is not made up for"] * 2
    assert queue.jobs(store) == ()
    clock.step(minutes=40)
    assert [slot.outcome for slot in make_slots(store)] == [SlotOutcome.QUEUED]


def test_years_without_workers_leave_some_lines_and_one_run(
    store: JobStore, dataset: Dataset, clock: SteppedClock
) -> None:
    made = add_schedule(store, dataset.id, ScheduleSettings("* * * * *"))
    clock.step(days=1000)
    found = make_slots(store)
    assert len(found) == MAX_RECORDED
    assert (found[0].reason or "").endswith("stands for it; earlier ones since the last run were missed, too")
    assert len(queue.jobs(store)) == 1
    assert schedule(store, made.id).next_slot == found[-1].slot + timedelta(minutes=1)
    pages = slots(store, made.id, limit=60), slots(store, made.id, before=found[40].slot)
    assert (pages[0] + pages[1])[::-1] == found


def test_a_paused_schedule_makes_no_slot_and_none_is_made_up_for(
    store: JobStore, dataset: Dataset, clock: SteppedClock
) -> None:
    made = add_schedule(store, dataset.id, HOURLY)
    edit_schedule(store, made.id, 1, replace(HOURLY, paused=True))
    clock.step(hours=3)
    assert make_slots(store) == ()
    edit_schedule(store, made.id, 2, HOURLY)
    assert make_slots(store) == ()
    clock.step(hours=1)
    assert [slot.slot.hour for slot in make_slots(store)] == [16]


def test_an_edit_that_changes_no_time_loses_no_slot(store: JobStore, dataset: Dataset, clock: SteppedClock) -> None:
    made = add_schedule(store, dataset.id, HOURLY)
    clock.step(hours=1)
    edit_schedule(store, made.id, 1, replace(HOURLY, watch=True))
    (slot,) = make_slots(store)
    assert queue.job(store, slot.job or 0).watch


def test_a_clock_that_goes_back_repeats_no_slot_and_stops_none(
    store: JobStore, dataset: Dataset, clock: SteppedClock
) -> None:
    made = add_schedule(store, dataset.id, replace(HOURLY, overlap=Overlap.QUEUE))
    clock.step(hours=2)
    make_slots(store)
    for hours in (-1, -24 * 365):
        clock.step(hours=hours)
        forget_future_slots(store)
        clock.step(hours=1)
        make_slots(store)
    # 13:00 and 14:00 were there before; a year earlier nobody had decided yet.
    assert [slot.slot.isoformat()[:13] for slot in slots(store, made.id)] == [
        "2026-03-02T14",
        "2026-03-02T13",
        "2025-03-02T15",
    ]


def test_a_clock_that_goes_forward_collapses_what_it_leaps_over(
    store: JobStore, dataset: Dataset, clock: SteppedClock
) -> None:
    add_schedule(store, dataset.id, HOURLY)
    clock.step(days=1)
    assert [slot.outcome for slot in make_slots(store)] == [SlotOutcome.SKIPPED] * 23 + [SlotOutcome.QUEUED]


@pytest.mark.parametrize(("day", "expected"), [((2026, 3, 28), ["01:30", "01:00", "00:30"]),
                                               ((2026, 10, 24), ["00:30", "00:30", "01:30"])])  # fmt: skip
def test_a_night_of_summer_time_has_one_slot(
    store: JobStore, dataset: Dataset, clock: SteppedClock, day: tuple[int, int, int], expected: list[str]
) -> None:
    clock.now = datetime(*day, tzinfo=UTC)
    made = add_schedule(store, dataset.id, ScheduleSettings("30 2 * * *", "Europe/Oslo", Overlap.QUEUE))
    for _ in range(3 * 24 * 6):
        clock.step(minutes=10)
        make_slots(store)
    found = slots(store, made.id)[::-1]
    assert [slot.slot.strftime("%H:%M") for slot in found] == expected
    assert [slot.outcome for slot in found] == [SlotOutcome.QUEUED] * 3


def test_a_schedule_that_cannot_be_read_any_more_stops_no_other(
    store: JobStore, dataset: Dataset, clock: SteppedClock
) -> None:
    broken, sound = (add_schedule(store, dataset.id, HOURLY) for _ in range(2))
    with store.writing() as connection:
        gone = update(SCHEDULES).where(SCHEDULES.c.id == broken.id).values(time_zone="Atlantis/Capital")
        connection.execute(gone)
    clock.step(hours=1)
    told, made = make_slots(store)
    assert "time zone 'Atlantis/Capital': is not known" in (told.reason or "")
    assert (made.schedule, made.outcome) == (sound.id, SlotOutcome.QUEUED)
    assert slots(store, broken.id) == (told,)
    assert schedule(store, broken.id).next_slot is None


def test_raced_slots_are_each_made_and_run_once(store: JobStore, dataset: Dataset) -> None:
    made = add_schedule(store, dataset.id, ScheduleSettings("* * * * *", overlap=Overlap.QUEUE))
    minutes, command = 100, [sys.executable, "-c", RACER, store.where]
    racers = [
        subprocess.Popen([*command, name, str(minutes)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for name in ("one", "two", "three", "four")
    ]
    for racer in racers:
        assert racer.stdout is not None
        assert racer.stdout.readline() == "ready\n"
    told = [racer.communicate("go\n", timeout=240)[0].split() for racer in racers]
    assert all(racer.returncode == 0 for racer in racers)
    found = slots(store, made.id, limit=2 * minutes)[::-1]
    assert len(found) == minutes
    assert {later.slot - earlier.slot for earlier, later in pairwise(found)} == {timedelta(minutes=1)}
    assert {slot.outcome for slot in found} == {SlotOutcome.QUEUED}
    jobs = queue.jobs(store, limit=2 * minutes)
    assert sorted(job.id for job in jobs) == sorted(slot.job or 0 for slot in found)
    assert {(job.state, job.attempts) for job in jobs} == {(JobState.DONE, 1)}
    assert [sum(int(racer[of]) for racer in told) for of in (0, 1)] == [minutes, minutes]
