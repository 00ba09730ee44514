"""A run is registered before its work and ends in one way; a process that dies leaves the run where it was."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from kvqa_audit.errors import CancelledError, SourceError, StoreError
from kvqa_audit.model import Finding, Severity
from kvqa_audit.store import at_work
from kvqa_audit.store.at_work import has_ended, this_process
from kvqa_audit.store.records import RunStart, RunState
from kvqa_audit.store.runs import RunStore
from tests.unit.compare.samples import finished, image

ID = "a" * 32
START = RunStart(ID, "Sample", "/data/sample", None, False, "blue")
WRONG = Finding("KV008", Severity.ERROR, "wrong", "i1", "How many?", "1", row=1)
RUN = finished([("Polyps", "How many?", "1", "i1")], [image("i1")], [WRONG], run_id=ID)
SAVER = """
import sys, time
from kvqa_audit.store import runs
from tests.unit.store.test_store_lifecycle import RUN, START
def wait_to_be_killed(*_):
    print("all but the files is written", flush=True)
    time.sleep(600)
runs.keep_files = wait_to_be_killed
with runs.RunStore(sys.argv[1]) as store, store.running(START, *map(eval, sys.argv[2:])):
    store.finish(RUN)
"""
NEXT = replace(START, id="b" * 32)


def test_run_goes_from_queued_over_running_to_finished(place: str) -> None:
    before = datetime.now(UTC)
    with RunStore(place) as store:
        store.queue(START)
        (queued,) = store.runs()
        store.begin(START)
        (running,) = store.runs()
        done = store.finish(RUN)
        assert store.runs() == (done,)
    assert (queued.state, running.state, done.state) == (RunState.QUEUED, RunState.RUNNING, RunState.FINISHED)
    assert (queued.project, queued.series, queued.location) == ("blue", "Sample", "/data/sample")
    assert queued.queued_at is not None
    assert running.started_at is not None
    assert before <= queued.queued_at <= running.started_at <= datetime.now(UTC)
    assert (queued.started_at, running.finished_at, running.number, running.verdict) == (None, None, None, None)
    # What the audit itself says of its times holds in the end.
    assert (done.project, done.number, done.started_at) == ("blue", 1, datetime(2026, 1, 1, 10, tzinfo=UTC))
    assert done.queued_at == queued.queued_at


@pytest.mark.parametrize(
    ("error", "state", "reason"),
    [
        (SourceError("x.csv: does not exist"), RunState.FAILED, "x.csv: does not exist"),
        (ValueError(), RunState.FAILED, "ValueError"),
        (CancelledError("the audit was cancelled"), RunState.CANCELLED, "the audit was cancelled"),
        (KeyboardInterrupt(), RunState.CANCELLED, "KeyboardInterrupt"),
    ],
)
def test_work_that_breaks_off_is_noted_with_its_reason(
    place: str, error: BaseException, state: RunState, reason: str
) -> None:
    with RunStore(place) as store:
        with pytest.raises(type(error)), store.running(START):
            raise error
        (run,) = store.runs()
    assert (run.state, run.reason, run.number) == (state, reason, None)
    assert run.finished_at is not None


def test_run_that_ended_is_not_written_over(place: str) -> None:
    with RunStore(place) as store:
        store.begin(START)
        store.end(ID, RunState.CANCELLED, "enough")
        with pytest.raises(StoreError, match="is cancelled, not running or finished; nothing was changed"):
            store.finish(RUN)
        with pytest.raises(StoreError, match="is cancelled, not queued or lost"):
            store.begin(START)
        with pytest.raises(StoreError, match="is cancelled, not running"):
            store.end(ID, RunState.LOST)
        with pytest.raises(StoreError, match="there is no run b"):
            store.end("b" * 32, RunState.FAILED)
        with pytest.raises(StoreError, match=r"holds a run a+ already"):
            store.queue(START)
        assert store.findings("Sample", project="blue") == ()
        assert [run.reason for run in store.runs()] == ["enough"]


def test_lost_run_is_begun_again(place: str) -> None:
    with RunStore(place) as store:
        store.begin(START)
        store.end(ID, RunState.LOST, "its worker did not answer")
        with pytest.raises(StoreError, match="is lost, not running"):
            store.finish(RUN)
        store.begin(START)
        (again,) = store.runs()
        assert (again.state, again.reason, again.finished_at) == (RunState.RUNNING, None, None)
        assert store.finish(RUN).number == 1


def test_unfinished_runs_have_no_audit_and_count_in_no_series(place: str) -> None:
    with RunStore(place) as store:
        store.begin(START)
        for ask in (store.load, store.page):
            with pytest.raises(StoreError, match=r"of run a+, which is running"):
                ask(ID)
        other = finished(run_id="b" * 32)
        assert store.finish(other, project="blue").number == 1
        assert [(run.id[0], run.number) for run in store.runs()] == [("b", 1), ("a", None)]
        assert store.finish(RUN).number == 2


def save_and_be_killed(place: str, *by: str) -> None:
    with subprocess.Popen([sys.executable, "-c", SAVER, place, *by], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "all but the files is written\n"
        process.kill()


def test_killed_process_leaves_the_run_running_and_nothing_of_its_findings(place: str) -> None:
    save_and_be_killed(place)
    with RunStore(place) as store:
        (run,) = store.runs()
        assert (run.state, run.number, run.findings) == (RunState.RUNNING, None, None)
        assert store.findings("Sample", project="blue") == ()
        store.end(ID, RunState.LOST)
        store.begin(START)
        assert store.finish(RUN).findings == 1
        assert [one.finding for one in store.page(ID)] == list(RUN.findings)


@pytest.mark.parametrize("notice", [RunStore.settle_abandoned, lambda store: store.begin(NEXT)])
def test_run_of_a_process_that_was_killed_is_lost(place: str, notice: Callable[[RunStore], None]) -> None:
    save_and_be_killed(place, "__import__('kvqa_audit.store.at_work', fromlist=['']).this_process()")
    with RunStore(place) as store:
        assert [run.state for run in store.runs()] == [RunState.RUNNING]
        notice(store)
        lost = next(run for run in store.runs() if run.id == ID)
        assert (lost.state, lost.reason) == (
            RunState.LOST,
            "the process at work on it was killed, or its machine went down",
        )
        store.begin(START)
        assert store.finish(RUN).findings == 1


def test_run_of_a_living_process_or_of_another_machine_is_left_alone(place: str) -> None:
    here = this_process()
    assert here is not None
    elsewhere = "another-machine " + here.split(" ", 1)[1].rsplit(" ", 2)[0] + " 1 1"
    with RunStore(place) as store:
        store.begin(START, here)
        store.begin(NEXT, elsewhere)
        store.settle_abandoned()
        assert {run.state for run in store.runs()} == {RunState.RUNNING}


def test_process_is_told_from_a_later_one_of_its_number_and_from_one_before_the_last_start() -> None:
    here = this_process()
    assert here is not None
    assert not has_ended(here)
    machine, space, boot, number, started = here.split(" ")
    assert has_ended(f"{machine} {space} {boot} {number} {int(started) - 1}")
    assert has_ended(f"{machine} {space} another-start {number} {started}")
    assert not has_ended(f"{machine} another-space {boot} 1 1")
    assert not has_ended("of a later version")


def test_process_of_which_the_system_tells_nothing_is_not_taken_for_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    here = this_process()
    assert here is not None
    monkeypatch.setattr(at_work, "_started", lambda _: None)
    monkeypatch.setattr(at_work.Path, "exists", lambda _: False)
    assert not has_ended(here), "as where /proc is mounted so that other users' processes are hidden"
