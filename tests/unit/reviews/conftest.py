"""A store with a dataset, a finished run whose queue is made, and reviewers, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from kvqa_audit.access.users import add_user
from kvqa_audit.artifacts.folder import packed
from kvqa_audit.jobs.datasets import register_dataset
from kvqa_audit.jobs.job_store import JobStore
from kvqa_audit.model import AuditRun, Finding, Severity
from kvqa_audit.reviews.deciding import Reviewer
from kvqa_audit.reviews.prepare import prepare
from kvqa_audit.store.access_tables import Role
from kvqa_audit.store.job_records import DatasetSettings
from tests.unit.compare.samples import finished, image

ROWS = [("Polyps", "How many?", str(n % 3), f"i{n}") for n in range(6)]


def findings(*numbers: int) -> list[Finding]:
    return [Finding("KV008", Severity.ERROR, "wrong", f"i{n}", "How many?", str(n % 3), row=n) for n in numbers]


@dataclass
class Desk:
    """A store, one dataset in it, and the folder of its runs."""

    store: JobStore
    dataset: int
    folder: Path

    def audited(self, found: list[Finding], day: int = 1, today: date | None = None) -> AuditRun:
        """Makes the queue of a run with these findings."""
        run = finished(ROWS, [image(f"i{n}") for n in range(6)], found, run_id=f"{day:032x}", day=day)
        folder = self.folder / run.run_id
        folder.mkdir()
        for name, content in packed(run):
            (folder / name).write_bytes(content)
        prepare(self.store, self.dataset, run, folder, today or date.today())
        return run

    def reviewer(self, name: str) -> Reviewer:
        with self.store.writing() as connection:
            user = add_user(connection, name, Role.REVIEWER, self.store.clock(connection))
        return Reviewer(user.id, name)


@pytest.fixture
def desk(place: str, tmp_path: Path) -> Iterator[Desk]:
    with JobStore(place) as store:
        made = register_dataset(store, DatasetSettings("frames", str(tmp_path), spec="auto"))
        yield Desk(store, made.id, tmp_path)
