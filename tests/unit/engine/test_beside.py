"""A real child works beside this process: results and errors as they were, and nothing left behind."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from kvqa_audit.engine.beside import Beside, BesideChild
from kvqa_audit.engine.nursery import WorkerError
from kvqa_audit.errors import SpecError


def product(left: int, right: int) -> tuple[int, int]:
    return os.getpid(), left * right


def are_imported(*modules: str) -> list[bool]:
    return [module in sys.modules for module in modules]


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


def test_call_is_worked_on_in_another_process_that_ends_with_it() -> None:
    with BesideChild() as child:
        child.begin(product, 2, 3)
        pid, six = child.result()
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    assert six == 6
    assert pid != os.getpid()


def test_modules_are_imported_before_the_call_comes() -> None:
    with BesideChild("colorsys", "chunk") as child:
        child.begin(are_imported, "colorsys", "chunk", "sndhdr")
        assert child.result() == [True, True, False]


def test_child_without_a_call_ends_with_its_parent() -> None:
    with BesideChild() as child:
        process = child._process
    assert process.returncode is not None


@pytest.mark.parametrize("where", [Beside, BesideChild])
def test_one_call_only_and_no_result_without_one(where: type[Beside]) -> None:
    with where() as beside:
        with pytest.raises(RuntimeError, match="no call was begun"):
            beside.result()
        beside.begin(product, 2, 3)
        with pytest.raises(RuntimeError, match="one call only"):
            beside.begin(product, 4, 5)
        assert beside.result()[1] == 6


def test_large_arguments_and_results_come_through() -> None:
    text = "x" * 5_000_000
    with BesideChild() as child:
        child.begin(str.upper, text)
        assert child.result() == text.upper()


def test_error_that_a_person_can_act_on_is_raised_as_it_was() -> None:
    with BesideChild() as child:
        child.begin(refused, "rules.yaml, line 3: no such column")
        with pytest.raises(SpecError, match=r"^rules\.yaml, line 3: no such column$"):
            child.result()


def test_fault_of_the_program_comes_with_its_stack_trace() -> None:
    with BesideChild() as child:
        child.begin(faulty)
        with pytest.raises(RuntimeError, match=r"(?s)in faulty.*KeyError: 'missing'"):
            child.result()


@pytest.mark.parametrize(("function", "why"), [(lost, "code 9"), (exhausted, "MemoryError")])
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
