"""A block of work comes in; it is ended when it takes too long, by whatever its engine can be ended by."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType


def seconds_for(rows: int) -> float:
    """How long one promise or rule may take on a table of so many rows: many times what any takes that is linear."""
    return 60 + rows / 10_000


@contextlib.contextmanager
def interrupted_after(seconds: float, interrupt: Callable[[], None]) -> Iterator[None]:
    """Calls `interrupt` from another thread where the block takes longer; the engine has to let that thread run."""
    timer = threading.Timer(seconds, interrupt)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


@contextlib.contextmanager
def raising_after(seconds: float, error: Exception) -> Iterator[None]:
    """Raises the error within the block where it takes longer.

    It is raised between two steps of Python code.

    Raises:
        ValueError: this is not the main thread, in which alone a process can be interrupted so.
    """

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise error

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
