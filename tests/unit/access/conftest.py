"""An open store with an administrator, and a moment that tests count from."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from kvqa_audit.access.passwords import Passwords
from kvqa_audit.access.records import User
from kvqa_audit.access.users import add_user
from kvqa_audit.jobs.job_store import JobStore
from kvqa_audit.store.access_tables import Role

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def store(place: str) -> Iterator[JobStore]:
    with JobStore(place) as opened:
        yield opened


@pytest.fixture
def ada(store: JobStore) -> User:
    with store.writing() as connection:
        return add_user(connection, "ada", Role.ADMIN, NOW)


@pytest.fixture(scope="session")
def passwords() -> Passwords:
    return Passwords()
