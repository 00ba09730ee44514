"""An open store with one dataset, and a clock that a test may step."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection

from kvqa_audit.jobs.datasets import register_dataset
from kvqa_audit.jobs.job_store import JobStore
from kvqa_audit.store.job_records import Dataset, DatasetSettings


class SteppedClock:
    """Stands still where a test puts it."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self, _: Connection) -> datetime:
        return self.now

    def step(self, **by: float) -> None:
        self.now += timedelta(**by)


@pytest.fixture
def store(place: str) -> Iterator[JobStore]:
    with JobStore(place) as opened:
        yield opened


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock(datetime(2026, 3, 2, 12, 0, 0, 500_000, tzinfo=UTC))


@pytest.fixture
def stepped(place: str, clock: SteppedClock) -> Iterator[JobStore]:
    """A store that goes by the stepped clock."""
    with JobStore(place, clock=clock) as opened:
        yield opened


@pytest.fixture
def dataset(store: JobStore) -> Dataset:
    return register_dataset(store, DatasetSettings("frames", "/data/frames"))
