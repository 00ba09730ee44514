"""A real child works beside this process: results and errors as they were, and nothing left behind."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from kvqa_audit.engine.beside import Beside, BesideChild
from kvqa_audit.engine.nursery import WorkerError
from kvqa_audit.errors import SpecError


def product(left: int, right: int) -> tuple[int, int]:
    return os.getpid(), left * right


def refused(text: str) -> None:
    raise SpecError(text)


def faulty() -> None:
    {}["missing"]


def lost() -> None:
    os._exit(9)


def exhausted() -> None:
    raise MemoryError


def marked(path: str) -> None:
    Path(path).write_text(str(os.getpid()))
    time.sleep(60)


def test_calls_are_worked_on_in_one_other_process() -> None:
    with BesideChild() as child:
        child.begin(product, 2, 3)
        first, six = child.result()
        child.begin(product, 4, 5)
        second, twenty = child.result()
    assert (six, twenty) == (6, 20)
    assert first == second != os.getpid()


@pytest.mark.parametrize("where", [Beside, BesideChild])
def test_one_call_at_a_time_and_no_result_without_one(where: type[Beside]) -> None:
    with where() as beside:
        with pytest.raises(RuntimeError, match="no call was begun"):
            beside.result()
        beside.begin(product, 2, 3)
        with pytest.raises(RuntimeError, match="asked for first"):
            beside.begin(product, 4, 5)
        assert beside.result()[1] == 6


def test_large_arguments_and_results_come_through() -> None:
    text = "x" * 5_000_000
    with BesideChild() as child:
        child.begin(str.upper, text)
        assert child.result() == text.upper()


def test_error_that_a_person_can_act_on_is_raised_as_it_was_and_the_child_goes_on() -> None:
    with BesideChild() as child:
        child.begin(refused, "rules.yaml, line 3: no such column")
        with pytest.raises(SpecError, match=r"^rules\.yaml, line 3: no such column$"):
            child.result()
        child.begin(product, 1, 1)
        assert child.result()[1] == 1


def test_fault_of_the_program_comes_with_its_stack_trace() -> None:
    with BesideChild() as child:
        child.begin(faulty)
        with pytest.raises(RuntimeError, match=r"(?s)in faulty.*KeyError: 'missing'"):
            child.result()


@pytest.mark.parametrize(("function", "why"), [(lost, "exit code 9"), (exhausted, "memory")])
def test_lost_child_is_told(function: object, why: str) -> None:
    with BesideChild() as child:
        child.begin(function)  # type: ignore[arg-type]
        with pytest.raises(WorkerError, match=why):
            child.result()


def test_leaving_ends_a_child_that_is_still_at_work(tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    with BesideChild() as child:
        child.begin(marked, str(mark))
        until = time.monotonic() + 20
        while not (mark.exists() and mark.read_text()) and time.monotonic() < until:
            time.sleep(0.05)
    with pytest.raises(ProcessLookupError):
        os.kill(int(mark.read_text()), 0)
