"""A real child works beside this process: results and errors as they were, and nothing left behind."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from kvqa_audit.engine.background import Background, ForkedBackground
from kvqa_audit.engine.fork_server import WorkerError
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
    with ForkedBackground() as beside:
        pid, six = beside.begin(product, 2, 3).result()
        assert not is_alive(pid)
    assert six == 6
    assert pid != os.getpid()


def test_modules_are_imported_before_the_call_comes() -> None:
    with ForkedBackground("colorsys", "chunk") as beside:
        assert beside.begin(are_imported, "colorsys", "chunk", "sndhdr").result() == [True, True, False]


def test_nothing_is_left_where_there_was_no_call() -> None:
    with ForkedBackground("colorsys") as beside:
        pid = beside._fork_server._process.pid
        assert is_alive(pid)
    assert not is_alive(pid)


@pytest.mark.parametrize("where", [Background, ForkedBackground])
def test_results_come_in_any_order(where: type[Background]) -> None:
    with where() as beside:
        first, second = beside.begin(product, 2, 3), beside.begin(product, 4, 5)
        assert (second.result()[1], first.result()[1]) == (20, 6)


def test_calls_are_worked_on_one_after_the_other() -> None:
    with ForkedBackground() as beside:
        begun = [beside.begin(slowly) for _ in range(3)]
        times = [time for one in begun for time in one.result()]
    assert times == sorted(times)


def test_large_arguments_and_results_come_through() -> None:
    text = "x" * 5_000_000
    with ForkedBackground() as beside:
        assert beside.begin(str.upper, text).result() == text.upper()


def test_error_that_a_person_can_act_on_is_raised_as_it_was() -> None:
    with ForkedBackground() as beside:
        begun = beside.begin(refused, "rules.yaml, line 3: no such column")
        with pytest.raises(SpecError, match=r"^rules\.yaml, line 3: no such column$"):
            begun.result()


def test_fault_of_the_program_comes_with_its_stack_trace() -> None:
    with ForkedBackground() as beside:
        begun = beside.begin(faulty)
        with pytest.raises(RuntimeError, match=r"(?s)in faulty.*KeyError: 'missing'"):
            begun.result()


@pytest.mark.parametrize(("function", "why"), [(lost, "code 9"), (exhausted, "MemoryError")])
def test_lost_process_is_told(function: Callable[[], None], why: str) -> None:
    with ForkedBackground() as beside:
        begun = beside.begin(function)
        with pytest.raises(WorkerError, match=why):
            begun.result()


def test_module_that_cannot_be_imported_is_told() -> None:
    with ForkedBackground("no_such_module") as beside:
        begun = beside.begin(product, 2, 3)
        with pytest.raises(WorkerError, match="No module named 'no_such_module'"):
            begun.result()


def test_leaving_ends_a_process_that_is_still_at_work(tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    with ForkedBackground() as beside:
        beside.begin(marked, str(mark))
        wait_until(lambda: mark.exists() and mark.read_text())
    wait_until(lambda: not is_alive(int(mark.read_text())))


def test_leaving_does_not_wait_for_what_is_being_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mark = tmp_path / "imported"
    (tmp_path / "slow_to_import.py").write_text(
        f"import time; from pathlib import Path; time.sleep({10 * GIVE_UP_SECONDS}); Path({str(mark)!r}).touch()"
    )
    monkeypatch.syspath_prepend(tmp_path)
    with ForkedBackground("slow_to_import") as beside:
        beside.begin(product, 2, 3)
    assert not mark.exists()
