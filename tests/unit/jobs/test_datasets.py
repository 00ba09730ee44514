"""Datasets and schedules are made, listed, edited by one person at a time, and removed with all that hangs on them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from kvqa_audit.errors import ConflictError, NotThereError, SpecError
from kvqa_audit.jobs import leases, queue, schedules
from kvqa_audit.jobs.datasets import (
    dataset,
    dataset_named,
    datasets,
    edit_dataset,
    register_dataset,
    remove_dataset,
)
from kvqa_audit.jobs.job_store import JobStore
from kvqa_audit.store.job_records import CatchUp, Dataset, DatasetSettings, Overlap, ScheduleSettings

FULL = DatasetSettings(
    "Frames of May",
    "hf://owner/name",
    "gastro",
    "auto",
    {"dataset.yaml": "name: x\n"},
    "fail_on: never\n",
    "decisions: []\n",
    {"subset": True, "jobs": 2},
    12,
    3600,
    4096,
    5,
    ("mailto:ann@example.org",),
)
NIGHTLY = ScheduleSettings("30 2 * * *", "Europe/Oslo", Overlap.QUEUE, CatchUp.NONE, watch=True)


def test_everything_said_about_a_dataset_comes_back(store: JobStore) -> None:
    made = register_dataset(store, FULL)
    assert made.settings == FULL
    assert made.version == 1
    assert (datetime.now(UTC) - made.created_at).total_seconds() >= 0
    assert dataset(store, made.id) == dataset_named(store, FULL.name) == made


def test_datasets_are_paged_by_name(store: JobStore) -> None:
    for name in ("c", "a", "d", "b"):
        register_dataset(store, DatasetSettings(name, "/data"))
    first = datasets(store, limit=2)
    rest = datasets(store, after=first[-1].settings.name)
    assert [one.settings.name for one in (*first, *rest)] == ["a", "b", "c", "d"]


def test_of_two_people_who_edit_the_later_one_is_told(store: JobStore, dataset: Dataset) -> None:
    mine = replace(dataset.settings, keep=3)
    edited = edit_dataset(store, dataset.id, dataset.version, mine)
    assert (edited.version, edited.settings) == (2, mine)
    with pytest.raises(ConflictError, match="'frames' was edited since: it has version 2, not 1; read it again"):
        edit_dataset(store, dataset.id, dataset.version, replace(dataset.settings, keep=4))
    assert datasets(store) == (edited,)


def test_a_name_is_used_once(store: JobStore, dataset: Dataset) -> None:
    with pytest.raises(ConflictError, match="there is a dataset 'frames' already"):
        register_dataset(store, dataset.settings)
    other = register_dataset(store, DatasetSettings("other", "/data"))
    with pytest.raises(ConflictError, match="there is a dataset 'frames' already"):
        edit_dataset(store, other.id, 1, dataset.settings)


def test_what_is_not_there_is_told(store: JobStore, dataset: Dataset) -> None:
    for ask in (
        lambda: edit_dataset(store, 99, 1, dataset.settings),
        lambda: remove_dataset(store, 99, 1),
        lambda: dataset_named(store, "nothing"),
        lambda: schedules.add_schedule(store, 99, NIGHTLY),
        lambda: schedules.schedule(store, 99),
        lambda: queue.start_job(store, 99),
        lambda: queue.job(store, 99),
        lambda: queue.cancel(store, 99),
    ):
        with pytest.raises(NotThereError, match="there is no"):
            ask()


def test_a_removed_dataset_takes_its_schedules_and_jobs_with_it(store: JobStore, dataset: Dataset) -> None:
    schedules.add_schedule(store, dataset.id, NIGHTLY)
    queue.start_job(store, dataset.id)
    held = leases.claim(store, "one", 60)
    assert held is not None
    with pytest.raises(ConflictError, match="an audit of 'frames' is at work; cancel it"):
        remove_dataset(store, dataset.id, 1)
    leases.give_back(store, held.id, held.fence, "never mind")
    with pytest.raises(ConflictError, match="edited since"):
        remove_dataset(store, dataset.id, 7)
    remove_dataset(store, dataset.id, 1)
    assert (datasets(store), schedules.schedules(store), queue.jobs(store)) == ((), (), ())


def test_everything_said_about_a_schedule_comes_back_with_its_next_times(store: JobStore, dataset: Dataset) -> None:
    made = schedules.add_schedule(store, dataset.id, NIGHTLY)
    assert made.settings == NIGHTLY
    times = schedules.next_times(store, made.id)
    assert len(times) == 5
    assert made.next_slot == times[0] > made.created_at
    assert schedules.schedules(store, dataset.id) == schedules.schedules(store) == (made,)
    assert schedules.schedules(store, 99) == ()


def test_of_two_people_who_edit_one_schedule_the_later_one_is_told(store: JobStore, dataset: Dataset) -> None:
    made = schedules.add_schedule(store, dataset.id, NIGHTLY)
    paused = schedules.edit_schedule(store, made.id, 1, replace(NIGHTLY, paused=True))
    assert (paused.next_slot, paused.version) == (None, 2)
    with pytest.raises(ConflictError, match="was edited since: it has version 2, not 1"):
        schedules.edit_schedule(store, made.id, 1, replace(NIGHTLY, cron="0 0 * * *"))
    with pytest.raises(ConflictError, match="was edited since"):
        schedules.remove_schedule(store, made.id, 1)
    again = schedules.edit_schedule(store, made.id, 2, NIGHTLY)
    assert again.next_slot == made.next_slot
    schedules.remove_schedule(store, made.id, 3)
    assert schedules.schedules(store) == ()


@pytest.mark.parametrize(
    ("cron", "zone", "words"),
    [
        ("61 * * * *", "UTC", r"cron '61 \* \* \* \*': bad minute; it looks like '30 2 \* \* 1'"),
        ("daily", "UTC", "cron 'daily': wrong number of fields"),
        ("0 0 31 2 *", "UTC", "bad day-of-month"),
        ("0 0 * * *", "Mars/Olympus", "time zone 'Mars/Olympus': is not known; it looks like Europe/Oslo"),
        ("0 0 * * *", "../../etc/passwd", "is not known"),
        ("0 0 * * *", "", "is not known"),
    ],
)
def test_a_time_that_cannot_be_read_is_told(
    store: JobStore, dataset: Dataset, cron: str, zone: str, words: str
) -> None:
    with pytest.raises(SpecError, match=words):
        schedules.add_schedule(store, dataset.id, ScheduleSettings(cron, zone))
    assert schedules.schedules(store) == ()
