"""A real child works beside this process: results and errors as they were, and nothing left behind."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from kvqa_audit.engine.executor import WorkerError
from kvqa_audit.engine.local import LocalPool
from kvqa_audit.errors import SpecError
from tests.processes import GIVE_UP_SECONDS, is_alive, wait_until


def product(left: int, right: int) -> tuple[int, int]:
    return os.getpid(), left * right


def are_imported(*modules: str) -> list[bool]:
    return [module in sys.modules for module in modules]


def slowly() -> tuple[float, float]:
    started = time.monotonic()
    time.sleep(0.2)
    return started, time.monotonic()


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
    time.sleep(10 * GIVE_UP_SECONDS)


def test_call_is_worked_on_in_another_process_that_ends_with_it() -> None:
    with LocalPool(1) as pool:
        pid, six = pool.submit(product, 2, 3).result()
        assert not is_alive(pid)
    assert six == 6
    assert pid != os.getpid()


def test_modules_are_imported_before_the_call_comes() -> None:
    with LocalPool(1) as pool:
        called = pool.submit(are_imported, "colorsys", "chunk", "sndhdr", imports=("colorsys", "chunk"))
        assert called.result() == [True, True, False]


def test_results_come_in_any_order() -> None:
    with LocalPool(1) as pool:
        first, second = pool.submit(product, 2, 3), pool.submit(product, 4, 5)
        assert (second.result()[1], first.result()[1]) == (20, 6)


def test_calls_are_worked_on_one_after_the_other() -> None:
    with LocalPool(1) as pool:
        begun = [pool.submit(slowly) for _ in range(3)]
        times = [time for one in begun for time in one.result()]
    assert times == sorted(times)


def test_large_arguments_and_results_come_through() -> None:
    text = "x" * 5_000_000
    with LocalPool(1) as pool:
        assert pool.submit(str.upper, text).result() == text.upper()


def test_error_that_a_person_can_act_on_is_raised_as_it_was() -> None:
    with LocalPool(1) as pool:
        begun = pool.submit(refused, "rules.yaml, line 3: no such column")
        with pytest.raises(SpecError, match=r"^rules\.yaml, line 3: no such column$"):
            begun.result()


def test_fault_of_the_program_comes_with_its_stack_trace() -> None:
    with LocalPool(1) as pool:
        begun = pool.submit(faulty)
        with pytest.raises(RuntimeError, match=r"(?s)in faulty.*KeyError: 'missing'"):
            begun.result()


@pytest.mark.parametrize(("function", "why"), [(lost, "code 9"), (exhausted, "MemoryError")])
def test_lost_process_is_told(function: Callable[[], None], why: str) -> None:
    with LocalPool(1) as pool:
        begun = pool.submit(function)
        with pytest.raises(WorkerError, match=why):
            begun.result()


def test_module_that_cannot_be_imported_is_told() -> None:
    with LocalPool(1) as pool:
        begun = pool.submit(product, 2, 3, imports=["no_such_module"])
        with pytest.raises(WorkerError, match="No module named 'no_such_module'"):
            begun.result()


def test_leaving_ends_a_process_that_is_still_at_work(tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    with LocalPool(1) as pool:
        pool.submit(marked, str(mark))
        wait_until(lambda: mark.exists() and mark.read_text())
    wait_until(lambda: not is_alive(int(mark.read_text())))


def test_leaving_does_not_wait_for_what_is_being_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mark = tmp_path / "imported"
    (tmp_path / "slow_to_import.py").write_text(
        f"import time; from pathlib import Path; time.sleep({10 * GIVE_UP_SECONDS}); Path({str(mark)!r}).touch()"
    )
    monkeypatch.syspath_prepend(tmp_path)
    with LocalPool(1) as pool:
        pool.submit(product, 2, 3, imports=["slow_to_import"])
    assert not mark.exists()
