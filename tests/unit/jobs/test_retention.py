"""The last runs of a dataset are kept; older ones go with their rows, files and folders, and nothing else does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, select

from kvqa_audit.jobs import events, leases, queue, retention
from kvqa_audit.jobs.datasets import edit_dataset, register_dataset
from kvqa_audit.jobs.job_store import JobStore
from kvqa_audit.jobs.retention import tidy
from kvqa_audit.jobs.schedules import add_schedule
from kvqa_audit.jobs.slots import make_slots, slots
from kvqa_audit.store.job_records import Dataset, DatasetSettings, JobState, ScheduleSettings
from kvqa_audit.store.job_tables import EVENTS
from kvqa_audit.store.records import RunStart
from kvqa_audit.store.runs import RunStore
from kvqa_audit.store.tables import CONTENTS, FILES
from tests.unit.compare.samples import finished, image
from tests.unit.jobs.conftest import SteppedClock


def test_the_last_runs_are_kept_and_older_ones_go_with_all_they_left(
    store: JobStore, dataset: Dataset, tmp_path: Path
) -> None:
    edit_dataset(store, dataset.id, 1, replace(dataset.settings, keep=2))
    data, runs = tmp_path / "data", []
    foreign = data / "runs" / "notes of somebody"
    foreign.mkdir(parents=True)
    with RunStore(store.where) as kept:
        for day in range(1, 6):
            queue.start_job(store, dataset.id)
            first = leases.claim(store, "one", 60)
            assert first is not None
            kept.begin(RunStart(first.run or "", "Sample", "/data"))
            leases.try_again(store, first.id, first.fence, "disk full", 0)
            held = leases.claim(store, "one", 60)
            assert held is not None
            assert held.run is not None
            (data / "runs" / held.run).mkdir()
            (data / "work" / (first.run or "")).mkdir(parents=True)
            kept.finish(finished([("A", "How many?", str(day), "i1")], [image("i1")], run_id=held.run, day=day))
            leases.finish(store, held.id, held.fence, JobState.DONE)
            runs.append(held.run)
        queue.start_job(store, dataset.id)
        at_work = leases.claim(store, "one", 60)
        assert at_work is not None
        for folder in ("runs", "work"):
            (data / folder / (at_work.run or "")).mkdir(parents=True)
        tidy(store, data)
        assert {run.id for run in kept.runs() if run.number is not None} == set(runs[-2:])
        # Of what broke off, the attempt before the oldest kept run went, too.
        assert len(kept.runs()) == 4
        assert kept.load(runs[-1]).run_id == runs[-1]
    assert {path.name for path in (data / "runs").iterdir()} == {*runs[-2:], at_work.run, foreign.name}
    assert {path.name for path in (data / "work").iterdir()} == {at_work.run}
    assert [job.run for job in queue.jobs(store)] == [at_work.run, *runs[-1:-3:-1]]
    assert events.events_after(store, at_work.id)
    with store.reading() as connection:
        assert connection.execute(select(func.count(EVENTS.c.job.distinct()))).scalar() == 3
        orphans = select(func.count()).where(CONTENTS.c.sha256.not_in(select(FILES.c.sha256)))
        assert connection.execute(orphans).scalar() == 0


def test_of_what_was_skipped_the_last_is_kept(
    stepped: JobStore, clock: SteppedClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "MAX_SKIPPED", 3)
    dataset = register_dataset(stepped, DatasetSettings("frames", "/data"))
    made = add_schedule(stepped, dataset.id, ScheduleSettings("* * * * *"))
    for _ in range(5):
        clock.step(minutes=2)
        make_slots(stepped)
        held = leases.claim(stepped, "one", 60)
        assert held is not None
        leases.finish(stepped, held.id, held.fence, JobState.SKIPPED, "nothing changed")
    tidy(stepped, tmp_path)
    kept = slots(stepped, made.id)
    assert [slot.job is None for slot in kept] == [False, True] * 3
    assert [job.id for job in queue.jobs(stepped)] == [slot.job for slot in kept if slot.job is not None]


def test_all_runs_are_kept_where_nothing_was_said(store: JobStore, dataset: Dataset, tmp_path: Path) -> None:
    for _ in range(3):
        queue.start_job(store, dataset.id)
        held = leases.claim(store, "one", 60)
        assert held is not None
        leases.finish(store, held.id, held.fence, JobState.DONE)
    tidy(store, tmp_path / "not there yet")
    assert len(queue.jobs(store)) == 3
