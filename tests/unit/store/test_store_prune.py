"""Old runs go, and nothing that a later run or a later comparison needs goes with them; the same on both databases."""

from __future__ import annotations

from sqlalchemy import func, select

from kvqa_audit.model import AuditRun, Finding, Severity
from kvqa_audit.store.records import RunStart, RunState
from kvqa_audit.store.runs import RunStore
from kvqa_audit.store.tables import CONTENTS, FILES
from tests.unit.compare.samples import finished, image

ROWS = [("Polyps", "How many?", str(n % 3), f"i{n}") for n in range(6)]
IMAGES = [image(f"i{n}") for n in range(6)]
WRONG = Finding("KV008", Severity.ERROR, "wrong", "i1", "How many?", "1", row=1)
BLANK = Finding("KV003", Severity.WARNING, "blank", "i2", "How many?", "2", row=2)


def day(number: int, *findings: Finding, images: bool = True, name: str = "Sample") -> AuditRun:
    run_id = f"{number:032x}"
    return finished(ROWS, IMAGES if images else (), findings, run_id=run_id, day=number, name=name)


def test_last_runs_stay_whole_and_what_is_known_of_findings_stays(place: str) -> None:
    with RunStore(place) as store:
        for run in (day(1, WRONG, BLANK), day(2, WRONG), day(3, WRONG), day(4, name="Other")):
            store.finish(run)
        before = store.findings("Sample")
        store.remove(store.prunable(1))
        assert [(run.series, run.number) for run in store.runs()] == [("Other", 1), ("Sample", 3)]
        assert store.load(f"{3:032x}") == day(3, WRONG)
        assert store.findings("Sample") == before
        again = store.finish(day(5, WRONG, BLANK))
        assert (again.number, again.new, again.resolved, again.still_open) == (4, 1, 0, 1)
        with store._engine.begin() as connection:
            used = connection.execute(select(func.count(FILES.c.sha256.distinct()))).scalar()
            assert connection.execute(select(func.count()).select_from(CONTENTS)).scalar() == used


def test_run_that_renamed_images_are_told_by_stays(place: str) -> None:
    with RunStore(place) as store:
        for run in (day(1), day(2), day(3, images=False), day(4, images=False)):
            store.finish(run)
        store.remove(store.prunable(1))
        assert [run.number for run in store.runs()] == [2, 4]


def test_what_waits_or_works_stays_and_what_broke_off_before_the_kept_ones_goes(place: str) -> None:
    with RunStore(place) as store:
        for number, name in enumerate(("at work", "waits", "failed")):
            start = RunStart(f"{100 + number:032x}", "Sample", "here")
            store.queue(start)
            if name != "waits":
                store.begin(start)
            if name == "failed":
                store.end(start.id, RunState.FAILED, "no disk")
        # Kept after the failure, as every moment of the samples lies before today.
        assert store.prunable(1) == ()
        for number in (1, 2):
            store.finish(day(number))
        assert {run.number for run in store.prunable(1)} == {1}
        assert {run.state for run in store.runs()} >= {RunState.QUEUED, RunState.RUNNING, RunState.FAILED}


def test_nothing_is_old_where_there_are_no_more_than_to_be_kept(place: str) -> None:
    with RunStore(place) as store:
        store.finish(day(1))
        store.finish(day(2))
        assert store.prunable(2) == ()
        store.remove(())
        assert len(store.runs()) == 2
