"""Real processes are killed, and executors cancelled: nothing stays behind; what dies at its start is tried again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kvqa_audit.engine import fork_server
from kvqa_audit.engine.executor import WorkerError
from kvqa_audit.engine.local import LocalPool
from kvqa_audit.errors import CancelledError
from tests.processes import descendants, is_alive, wait_until

SLOW_MODULE = "import time\ntime.sleep(60)\n"


def endless(task: int, done: frozenset[int]) -> Iterator[int]:
    time.sleep(0.2)  # so long that the value is sent at once
    yield os.getpid()
    time.sleep(600)


def endless_call(mark: str) -> None:
    Path(mark).write_text(str(os.getpid()))
    time.sleep(600)


def squared(number: int) -> int:
    return number * number


def squares(task: int, done: frozenset[int]) -> Iterator[int]:
    if not done:
        yield task * task


@pytest.fixture
def before() -> Iterator[set[int]]:
    """The processes that were there before the test; none is there after it that was not."""
    there = descendants(os.getpid())
    yield there
    wait_until(lambda: not descendants(os.getpid()) - there)


def mapped(pool: LocalPool, working: threading.Event, _: Path) -> None:
    for _result in pool.map_unordered(endless, [1, 2]):
        working.set()


def called(pool: LocalPool, working: threading.Event, folder: Path) -> None:
    future = pool.submit(endless_call, str(folder / "mark"))
    wait_until((folder / "mark").exists)
    working.set()
    future.result()


def importing(pool: LocalPool, working: threading.Event, folder: Path) -> None:
    (folder / "slow_to_import.py").write_text(SLOW_MODULE)
    future = pool.submit(squared, 2, imports=["slow_to_import"])
    working.set()
    future.result()


def starting(pool: LocalPool, working: threading.Event, folder: Path) -> None:
    (folder / "slow_to_start.py").write_text(SLOW_MODULE)
    pool.start("slow_to_start")
    working.set()
    list(pool.map_unordered(squares, [1]))


@pytest.mark.parametrize("at_work", [mapped, called, importing, starting])
def test_cancelled_executor_ends_and_leaves_nothing(
    at_work: Callable[[LocalPool, threading.Event, Path], None],
    before: set[int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    cancel, working = threading.Event(), threading.Event()
    errors: list[BaseException] = []

    def audit() -> None:
        try:
            with LocalPool(2, cancel=cancel) as pool:
                at_work(pool, working, tmp_path)
        except CancelledError as error:
            errors.append(error)

    thread = threading.Thread(target=audit)
    thread.start()
    assert working.wait(30)
    assert descendants(os.getpid()) - before
    cancel.set()
    thread.join(30)
    assert not thread.is_alive()
    assert [str(error) for error in errors] == ["the audit was cancelled"]
    assert not descendants(os.getpid()) - before


def test_cancelled_executor_takes_nothing_more(before: set[int]) -> None:
    cancel = threading.Event()
    with LocalPool(1, cancel=cancel) as pool:
        assert [one.value for one in pool.map_unordered(squares, [3])] == [9]
        cancel.set()
        with pytest.raises(CancelledError):
            list(pool.map_unordered(squares, [3]))
        with pytest.raises(CancelledError):
            pool.submit(squared, 3)


def test_one_of_two_executors_in_one_process_is_cancelled_alone(before: set[int]) -> None:
    cancel = threading.Event()
    with LocalPool(1, cancel=cancel) as first, LocalPool(1) as second:
        waiting = first.map_unordered(endless, [1])
        next(waiting)
        cancel.set()
        assert [one.value for one in second.map_unordered(squares, [4])] == [16]
        with pytest.raises(CancelledError):
            next(waiting)


PARENT = """
import sys, time
from kvqa_audit.engine.local import LocalPool
sys.path[:0] = {folders!r}
from test_process_ends import endless, endless_call
if __name__ == "__main__":
    pool = LocalPool(1, item_timeout_seconds=0)
    {work}
    print("working", flush=True)
    time.sleep(600)
"""


@pytest.mark.parametrize(
    "work",
    [
        "next(pool.map_unordered(endless, [1]))",
        "kept = pool.map_unordered(endless, [1]); next(kept)",
        "kept = pool.submit(endless_call, {mark!r})",
        "kept = pool.submit(endless_call, {mark!r}, imports=['slow_to_import'])",
        "pool.start('slow_to_import')",
    ],
    ids=["idle", "item", "call", "import", "start"],
)
def test_nothing_outlives_a_parent_that_is_killed(work: str, tmp_path: Path) -> None:
    (tmp_path / "slow_to_import.py").write_text(SLOW_MODULE)
    mark = tmp_path / "mark"
    script = PARENT.format(folders=[str(Path(__file__).parent), str(tmp_path)], work=work.format(mark=str(mark)))
    (tmp_path / "parent.py").write_text(script)
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen([sys.executable, str(tmp_path / "parent.py")], stdout=subprocess.PIPE, env=env) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"working\n"
        if "imports" not in work and "submit" in work:
            wait_until(mark.exists)
        wait_until(lambda: descendants(process.pid))
        left = descendants(process.pid)
        process.kill()
    wait_until(lambda: not [pid for pid in left if is_alive(pid)])


def test_forks_do_not_outlive_the_process_they_were_forked_from(before: set[int]) -> None:
    with LocalPool(1) as pool:
        waiting = pool.map_unordered(endless, [1])
        fork = next(waiting).value
        (server,) = [pid for pid in descendants(os.getpid()) if pid not in before and pid != fork]
        os.kill(server, signal.SIGKILL)
        assert fork is not None
        wait_until(lambda: not is_alive(fork))
        waiting.close()


@pytest.fixture
def killed_at_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Has the next so many processes killed before they have done anything."""

    def arrange(times: int) -> None:
        for number in range(times):
            (tmp_path / f"kill{number}").touch()
        kill = (
            "import os, glob\n"
            f"for mark in glob.glob({str(tmp_path / 'kill*')!r}):\n"
            "    os.unlink(mark)\n"
            "    os.kill(os.getpid(), 9)\n"
        )
        monkeypatch.setattr(fork_server, "_BOOT", kill + fork_server._BOOT)

    return arrange


@pytest.mark.parametrize("jobs", [1, 2])
def test_process_that_is_killed_at_its_start_is_tried_again(
    before: set[int], killed_at_start: Callable[[int], None], jobs: int
) -> None:
    killed_at_start(1)
    with LocalPool(jobs) as pool:
        pool.start(__name__)
        results = list(pool.map_unordered(squares, range(6)))
    assert sorted(one.value for one in results if one.value is not None) == [number * number for number in range(6)]


def test_call_whose_process_is_killed_at_its_start_is_tried_again(
    before: set[int], killed_at_start: Callable[[int], None]
) -> None:
    killed_at_start(2)
    with LocalPool(1) as pool:
        assert pool.submit(squared, 7).result() == 49


def killed_once(mark: str) -> str:
    if not Path(mark).exists():
        Path(mark).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return "done"


def test_call_that_is_killed_once_is_made_again(before: set[int], tmp_path: Path) -> None:
    with LocalPool(1) as pool:
        assert pool.submit(killed_once, str(tmp_path / "mark")).result() == "done"


@pytest.mark.parametrize("jobs", [1, 2])
def test_process_that_is_killed_at_every_start_is_an_error_of_the_machine(
    before: set[int], killed_at_start: Callable[[int], None], jobs: int
) -> None:
    killed_at_start(20)
    with LocalPool(jobs) as pool, pytest.raises(WorkerError, match=r"before their first task: .*SIGKILL") as caught:
        list(pool.map_unordered(squares, [1, 2]))
    assert caught.value.exit_code == 3


def test_call_whose_process_is_killed_at_every_start_is_an_error_too(
    before: set[int], killed_at_start: Callable[[int], None]
) -> None:
    killed_at_start(20)
    with LocalPool(1) as pool, pytest.raises(WorkerError, match="code -9"):
        pool.submit(squared, 1).result()
