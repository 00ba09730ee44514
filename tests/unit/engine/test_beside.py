"""A real child works beside this process: results in order, errors as they were, and nothing left behind."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from kvqa_audit.engine.beside import BesideChild
from kvqa_audit.engine.supervised import WorkerError
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


def test_calls_are_worked_on_in_order_in_another_process() -> None:
    with BesideChild() as child:
        child.begin(product, 2, 3)
        child.begin(product, 4, 5)
        (first, six), (second, twenty) = child.result(), child.result()
    assert (six, twenty) == (6, 20)
    assert first == second != os.getpid()


def test_large_arguments_and_results_come_through() -> None:
    text = "x" * 5_000_000
    with BesideChild() as child:
        child.begin(str.upper, text)
        assert child.result() == text.upper()


def test_error_that_a_person_can_act_on_is_raised_as_it_was_and_the_child_goes_on() -> None:
    with BesideChild() as child:
        child.begin(refused, "rules.yaml, line 3: no such column")
        child.begin(product, 1, 1)
        with pytest.raises(SpecError, match=r"^rules\.yaml, line 3: no such column$"):
            child.result()
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
