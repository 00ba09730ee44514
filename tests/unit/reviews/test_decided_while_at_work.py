"""What reviewers settle before an audit is judged holds in it, whether it stands in the text of decisions or not."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from kvqa_audit.artifacts.folder import read_artifacts
from kvqa_audit.jobs.child import _make_audit
from kvqa_audit.jobs.datasets import dataset, register_dataset
from kvqa_audit.jobs.held_job import HeldJob
from kvqa_audit.jobs.job_store import JobStore
from kvqa_audit.jobs.leases import claim, finish
from kvqa_audit.jobs.order import AuditOrder
from kvqa_audit.jobs.queue import start_job
from kvqa_audit.jobs.settings import WorkerSettings
from kvqa_audit.model import FindingStatus
from kvqa_audit.progress import ProgressEvent, StageStarted
from kvqa_audit.reviews.deciding import Reviewer, decide
from kvqa_audit.reviews.prepare import prepare
from kvqa_audit.reviews.queue import Filters, next_items
from kvqa_audit.store.job_records import DatasetSettings, Job, JobState
from kvqa_audit.store.review_records import Words
from kvqa_audit.store.review_tables import ReviewVerdict
from tests.unit.reviews.conftest import Desk

FALSE = Words(ReviewVerdict.FALSE_POSITIVE, "it may stand")
# An answer is lacking in two rows.
TABLE = "img_id,question,answer\n" + "".join(f"i{n},How many polyps?,{n % 3 if n > 1 else ''}\n" for n in range(9))


@pytest.fixture
def desk(place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "small").mkdir()
    (tmp_path / "small" / "metadata.csv").write_text(TABLE)
    options = {"table_only": True, "no_images": True}
    about = DatasetSettings("small", str(tmp_path / "small"), spec="auto", options=options)
    with JobStore(place) as store:
        yield Desk(store, register_dataset(store, about).id, tmp_path)


def claimed(desk: Desk) -> Job:
    start_job(desk.store, desk.dataset)
    job = claim(desk.store, "test", 600)
    assert job is not None
    return job


def audit(desk: Desk, decides: Reviewer | None = None) -> tuple[list[str], Path]:
    """Makes an audit as a worker's process does; somebody decides about the next thing while its checks run."""
    job, said = claimed(desk), dataset(desk.store, desk.dataset).settings
    assert job.run is not None
    out = desk.folder / "data" / "runs" / job.run

    def listener(event: ProgressEvent) -> None:
        if isinstance(event, StageStarted) and event.name == "run the checks" and decides:
            settle_next(desk, decides)

    about = {name: getattr(said, name) for name in ("source", "project", "spec", "decisions", "options")}
    own = {"store": desk.store.where, "job": job.id, "fence": job.fence, "run": job.run, "dataset": desk.dataset}
    places = {"work": str(desk.folder / "work"), "out": str(out)}
    _make_audit(AuditOrder(**own, **places, worker=0, **about), threading.Event(), listener)  # type: ignore[arg-type]
    finish(desk.store, job.id, job.fence, JobState.DONE)
    return waived_in(out), out


def waived_in(out: Path) -> list[str]:
    return sorted(one.img_id or "" for one in read_artifacts(out).findings if one.status is FindingStatus.WAIVED)


def settle_next(desk: Desk, who: Reviewer) -> None:
    one = next_items(desk.store, who, desk.dataset, Filters(check="KV015"), limit=1)[0]
    decide(desk.store, who, one.id, one.version, FALSE, f"about {one.id}")


def test_what_is_settled_until_an_audit_is_judged_holds_in_it(desk: Desk) -> None:
    anna = desk.reviewer("anna")
    waived, out = audit(desk)
    assert waived == []
    prepare(desk.store, desk.dataset, read_artifacts(out), out, date.today())
    settle_next(desk, anna)
    assert dataset(desk.store, desk.dataset).settings.decisions is None, "it does not stand in the text yet"
    assert audit(desk, anna)[0] == ["i0", "i1"], "before it began, and while it was at work"


def test_a_worker_begins_with_all_that_is_settled(desk: Desk) -> None:
    _, out = audit(desk)
    prepare(desk.store, desk.dataset, read_artifacts(out), out, date.today())
    settle_next(desk, desk.reviewer("anna"))
    held = HeldJob(desk.store, WorkerSettings(desk.folder / "data"), claimed(desk))
    while not held.attend():
        held.wait(0.2)
    assert held.job.state is JobState.DONE
    assert waived_in(desk.folder / "data" / "runs" / str(held.job.run)) == ["i0"]
