"""Work that takes too long is ended, by its engine or between two steps of Python; other work is not."""

from __future__ import annotations

import signal
import threading

import duckdb
import pytest

from kvqa_audit.engine.local import LocalPool
from kvqa_audit.engine.time_limit import interrupted_after, raising_after
from kvqa_audit.errors import SpecError

ENDLESS = "SELECT count(*) FROM range(1_000_000_000_000) WHERE hash(range) = 0"


def test_a_query_is_interrupted() -> None:
    with duckdb.connect() as connection:
        with pytest.raises(duckdb.InterruptException), interrupted_after(0.2, connection.interrupt):
            connection.execute(ENDLESS)
        with interrupted_after(600, connection.interrupt):
            assert connection.execute("SELECT 1").fetchall() == [(1,)]


def run_for_ever() -> None:
    while True:
        pass


def test_python_code_is_ended_and_the_alarm_is_as_it_was() -> None:
    before = signal.getsignal(signal.SIGALRM)
    with pytest.raises(TimeoutError, match="too long"), raising_after(0.2, TimeoutError("too long")):
        run_for_ever()
    assert (signal.getsignal(signal.SIGALRM), signal.getitimer(signal.ITIMER_REAL)) == (before, (0.0, 0.0))


def test_work_that_is_done_in_time_or_fails_keeps_its_own_result() -> None:
    with pytest.raises(ZeroDivisionError), raising_after(600, TimeoutError()):
        raise ZeroDivisionError
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def judged_for_ever() -> None:
    with raising_after(0.2, SpecError("promise P: takes too long")):
        run_for_ever()


def test_a_process_beside_a_thread_has_the_limit_that_the_thread_cannot_have() -> None:
    raised: list[BaseException] = []

    def work() -> None:
        with LocalPool(1) as pool:
            for call in (judged_for_ever, pool.submit(judged_for_ever).result):
                try:
                    call()
                except (SpecError, ValueError) as error:
                    raised.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert [type(error) for error in raised] == [ValueError, SpecError]
    assert "promise P" in str(raised[1])
