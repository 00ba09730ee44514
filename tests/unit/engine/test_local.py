"""Real children that crash, hang, run out of memory or are killed: the item at fault is named, others have values."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kvqa_audit.engine.executor import ItemResult, WorkerError
from kvqa_audit.engine.local import LocalPool
from tests.processes import GIVE_UP_SECONDS, in_the_background, interruptible, is_alive

ITEMS = 12


def doubled(task: int, done: frozenset[int], offset: int = 0) -> Iterator[int]:
    for position in range(ITEMS):
        if position not in done:
            yield 2 * (100 * task + position) + offset


def hurt(task: tuple[str, int], done: frozenset[int]) -> Iterator[int]:
    what, bad = task
    for position in range(ITEMS):
        if position in done:
            continue
        if position == bad:
            harm(what)
        yield position


def harm(what: str) -> None:
    if what == "segfault":
        ctypes.string_at(0)
    elif what == "exit":
        os._exit(3)
    elif what == "hang":
        while True:
            time.sleep(1)
    elif what == "stop":
        os.kill(os.getpid(), signal.SIGSTOP)
    elif what == "memory":
        hoard = [bytes(50_000_000) for _ in range(100)]
        del hoard
    elif what == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif what == "raise":
        raise RuntimeError("no such thing")


def killed_once(task: str, done: frozenset[int]) -> Iterator[int]:
    for position in range(ITEMS):
        if position in done:
            continue
        mark = Path(task)
        if position == 5 and not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        yield position


def always_lost(task: int, done: frozenset[int]) -> Iterator[int]:
    os._exit(3)
    yield 0


def process_and_imported(task: str, _done: frozenset[int]) -> Iterator[tuple[int, bool]]:
    time.sleep(0.2)
    yield os.getpid(), task in sys.modules


def process_ids(task: int, done: frozenset[int]) -> Iterator[int]:
    yield os.getpid()


def imported(task: int, done: frozenset[int]) -> Iterator[bool]:
    yield any(name.split(".")[0] == "pandas" for name in sys.modules)


def collect(what: str, bad: int = 4, **limits: float) -> list[ItemResult[tuple[str, int], int]]:
    with LocalPool(1, **limits) as pool:  # type: ignore[arg-type]
        return list(pool.map_unordered(hurt, [(what, bad)]))


def blamed_of(answers: list[ItemResult[tuple[str, int], int]]) -> tuple[int, str, str]:
    (blamed,) = [answer for answer in answers if answer.failure is not None]
    assert sorted(answer.position for answer in answers) == list(range(ITEMS))
    assert all(answer.value == answer.position for answer in answers if answer.failure is None)
    assert blamed.failure is not None
    return blamed.position, blamed.failure.kind, blamed.failure.detail


@pytest.mark.parametrize("jobs", [1, 2])
def test_every_item_of_every_task_is_answered_once_with_the_shared_object(jobs: int) -> None:
    with LocalPool(jobs) as pool:
        answers = list(pool.map_unordered(doubled, range(5), pool.share(1)))
    assert sorted((answer.task, answer.position) for answer in answers) == [(t, p) for t in range(5) for p in range(12)]
    assert all(answer.value == 2 * (100 * answer.task + answer.position) + 1 for answer in answers)


def test_segfault_names_its_item() -> None:
    assert blamed_of(collect("segfault")) == (4, "crashed", "the worker died of SIGSEGV")


def test_exit_names_its_item_be_it_the_first_or_the_last() -> None:
    assert blamed_of(collect("exit", bad=0)) == (0, "crashed", "the worker ended with exit code 3")
    assert blamed_of(collect("exit", bad=ITEMS - 1))[0] == ITEMS - 1


def test_hang_names_its_item_after_the_time_an_item_may_take() -> None:
    assert blamed_of(collect("hang", item_timeout_seconds=2)) == (4, "hung", "no answer within 2 s")


def test_memory_bomb_names_its_item() -> None:
    assert blamed_of(collect("memory", memory_mb=400)) == (4, "out_of_memory", "more than 400 MB of memory needed")


def test_error_names_its_item_and_keeps_the_child() -> None:
    assert blamed_of(collect("raise")) == (4, "raised", "RuntimeError: no such thing")


def test_item_that_is_killed_again_and_again_is_blamed() -> None:
    assert blamed_of(collect("kill")) == (4, "crashed", "the worker died of SIGKILL")


def test_item_that_was_killed_once_is_tried_again(tmp_path: Path) -> None:
    with LocalPool(1) as pool:
        answers = list(pool.map_unordered(killed_once, [str(tmp_path / "mark")]))
    assert sorted(answer.position for answer in answers if answer.failure is None) == list(range(ITEMS))


def test_task_that_is_lost_whatever_is_done_is_abandoned() -> None:
    with LocalPool(1) as pool:
        answers = list(pool.map_unordered(always_lost, [0]))
    assert [answer.failure.kind for answer in answers if answer.failure] == ["crashed", "crashed", "abandoned"]


def test_stopped_child_is_taken_for_hung(monkeypatch: pytest.MonkeyPatch) -> None:
    with LocalPool(1, item_timeout_seconds=2) as pool:
        list(pool.map_unordered(process_ids, [0]))  # what takes time to start has started
        monkeypatch.setattr("kvqa_audit.engine.local._SILENCE_GRACE_SECONDS", 0.0)
        assert blamed_of(list(pool.map_unordered(hurt, [("stop", 4)])))[:2] == (4, "hung")


def test_slow_consumer_is_not_taken_for_a_hung_child(monkeypatch: pytest.MonkeyPatch) -> None:
    with LocalPool(2, item_timeout_seconds=2) as pool:
        list(pool.map_unordered(process_ids, range(2)))
        monkeypatch.setattr("kvqa_audit.engine.local._SILENCE_GRACE_SECONDS", 0.0)
        answers = []
        for answer in pool.map_unordered(doubled, range(4)):
            if not answers:
                time.sleep(2.5)
            answers.append(answer)
    assert len(answers) == 4 * ITEMS
    assert not [answer for answer in answers if answer.failure]


def test_tasks_are_taken_as_they_are_needed() -> None:
    taken = []

    def tasks() -> Iterator[int]:
        for number in range(50):
            taken.append(number)
            yield number

    with LocalPool(2) as pool:
        next(pool.map_unordered(doubled, tasks()))
        assert len(taken) <= 3


def test_started_children_have_imported_the_module_before_their_first_task() -> None:
    with LocalPool(2) as pool:
        pool.start("colorsys")
        answers = list(pool.map_unordered(process_and_imported, ["colorsys", "colorsys", "chunk"]))
    assert [(answer.task, answer.value[1]) for answer in sorted(answers, key=lambda one: one.task) if answer.value] == [
        ("chunk", False),
        ("colorsys", True),
        ("colorsys", True),
    ]
    assert len({answer.value[0] for answer in answers if answer.value}) == 2


def test_start_that_fails_is_told_when_the_first_task_comes() -> None:
    with LocalPool(1) as pool:
        pool.start("no_such_module_at_all")
        with pytest.raises(WorkerError, match="no_such_module_at_all"):
            list(pool.map_unordered(doubled, [1]))


def test_children_are_used_again_and_end_with_the_pool() -> None:
    with LocalPool(1) as pool:
        first = {answer.value for answer in pool.map_unordered(process_ids, range(3))}
        second = {answer.value for answer in pool.map_unordered(process_ids, range(3))}
    assert first == second
    assert len(first) == 1
    (pid,) = first
    assert pid is not None
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_children_do_not_pay_for_data_frames() -> None:
    with LocalPool(1) as pool:
        assert [answer.value for answer in pool.map_unordered(imported, [0])] == [False]


def test_lost_fork_server_costs_nothing_but_another_one(tmp_path: Path) -> None:
    with LocalPool(2) as pool:
        list(pool.map_unordered(process_ids, range(2)))
        (fork_server,) = pool._fork_servers
        os.kill(fork_server._process.pid, signal.SIGKILL)
        fork_server._process.wait()
        answers = list(pool.map_unordered(killed_once, [str(tmp_path / "a"), str(tmp_path / "b")]))
        assert len(answers) == 2 * ITEMS
        assert not [answer for answer in answers if answer.failure]
        pids = {answer.value for answer in pool.map_unordered(process_ids, range(8))}
        assert len(pool._fork_servers) == 2
    assert not [pid for pid in pids if pid and is_alive(pid)]


def test_leaving_at_once_ends_children_that_are_not_born_yet() -> None:
    with LocalPool(2) as pool:
        pool.start("kvqa_audit.images.fingerprint_stage")
        pids = [fork_server._process.pid for fork_server in pool._fork_servers]
    assert not [pid for pid in pids if is_alive(pid)]


def test_child_that_cannot_start_is_an_error_that_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kvqa_audit.engine.fork_server._BOOT", "import no_such_module_at_all")
    with LocalPool(1) as pool, pytest.raises(WorkerError, match="no_such_module_at_all"):
        list(pool.map_unordered(doubled, [0]))


def test_no_jobs_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        LocalPool(0)


INTERRUPTED = """
import sys
sys.path[:0] = [{folder!r}]
from kvqa_audit.engine.local import LocalPool
from test_local import hurt, process_ids
with LocalPool(2, item_timeout_seconds={seconds}) as pool:
    for answer in pool.map_unordered(process_ids, range(6)):
        print(answer.value, flush=True)
    print("working", flush=True)
    list(pool.map_unordered(hurt, [("hang", 0), ("hang", 0)]))
"""


def test_ctrl_c_ends_parent_and_children_and_waits_for_no_item() -> None:
    script = INTERRUPTED.format(folder=str(Path(__file__).parent), seconds=0)
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        interruptible("-c", script), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env
    ) as process:
        assert process.stdout is not None
        lines = []
        while (line := process.stdout.readline().strip()) != "working":
            assert line, process.stderr and process.stderr.read()
            lines.append(int(line))
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=GIVE_UP_SECONDS)
    assert "KeyboardInterrupt" in errors
    for pid in set(lines):
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


GOES_ON = """
import os, signal, sys
sys.path[:0] = [{folder!r}]
from kvqa_audit.engine.local import LocalPool
from test_local import process_ids
with LocalPool(1) as pool:
    def pids():
        return {{answer.value for answer in pool.map_unordered(process_ids, range(3))}}
    before = pids()
    for pid in (os.getpid(), *before):
        os.kill(pid, signal.SIGINT)
    print(before == pids())
"""


def test_run_in_the_background_goes_on_when_ctrl_c_is_pressed_in_the_foreground() -> None:
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = in_the_background("-c", GOES_ON.format(folder=str(Path(__file__).parent)))
    done = subprocess.run(command, capture_output=True, text=True, env=env, check=False)
    assert (done.stdout, done.returncode) == ("True\n", 0), done.stderr
