"""Tasks come in over a connection; answers, item by item, go out: the guarded child, which may die of what it works on.

Before each item the child writes its position into a page it shares with its supervisor and sets an alarm, so that a
crash or a hang names its item and costs no message.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import signal
import sys
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from typing import Any

NO_ITEM = -1
OUT_OF_MEMORY_EXIT = 77
POSITION_BYTES = 8
FLUSH_AFTER_SECONDS = 0.1
FLUSH_AFTER_ITEMS = 32


class Position:
    """The position of the item in work, in a page shared by two processes."""

    def __init__(self, descriptor: int) -> None:
        self._page = mmap.mmap(descriptor, POSITION_BYTES)

    def set(self, position: int) -> None:
        self._page[:] = position.to_bytes(POSITION_BYTES, "little", signed=True)

    def get(self) -> int:
        return int.from_bytes(self._page[:], "little", signed=True)

    def close(self) -> None:
        self._page.close()


class Alarm:
    """Ends the process with SIGALRM when an item takes longer than `seconds`; 0 never does."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        signal.signal(signal.SIGALRM, signal.SIG_DFL)

    def set(self) -> None:
        signal.setitimer(signal.ITIMER_REAL, self._seconds)

    def clear(self) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)


def serve(connection_descriptor: int, page_descriptor: int, timeout_seconds: float, memory_mb: int) -> None:
    """Works until the connection ends.

    Args:
        connection_descriptor: of the connection that tasks come in over.
        page_descriptor: of the page that the position is written to.
        timeout_seconds: how long an item may take; 0 is for ever.
        memory_mb: how much private memory may be used; 0 is without limit.
    """
    connection = Connection(connection_descriptor)
    position = Position(page_descriptor)
    alarm = Alarm(timeout_seconds)
    _limit_memory(memory_mb)
    position.set(NO_ITEM)
    shared: dict[int, Any] = {}
    with contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):
        connection.send(("ready",))
        while True:
            message = connection.recv()
            if message[0] == "share":
                shared[message[1]] = message[2]
            else:
                _, function, task, done, shared_ids = message
                items = function(task, done, *(shared[number] for number in shared_ids))
                _work(connection, position, alarm, items, done)


def _work(connection: Connection, position: Position, alarm: Alarm, items: Iterator[Any], done: frozenset[int]) -> None:
    outbox: list[tuple[int, Any]] = []
    flushed = time.monotonic()
    at = _next_undone(-1, done)
    try:
        while True:
            position.set(at)
            alarm.set()
            try:
                value = next(items)
            except StopIteration:
                break
            outbox.append((at, value))
            at = _next_undone(at, done)
            if len(outbox) >= FLUSH_AFTER_ITEMS or time.monotonic() - flushed > FLUSH_AFTER_SECONDS:
                _idle(position, alarm)
                connection.send(("answers", outbox))
                outbox, flushed = [], time.monotonic()
    except MemoryError:
        os._exit(OUT_OF_MEMORY_EXIT)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        raise
    except Exception as error:  # noqa: BLE001 - one item's error must not end the others
        _idle(position, alarm)
        connection.send(("raised", outbox, at, f"{type(error).__name__}: {error}"))
        return
    _idle(position, alarm)
    connection.send(("end", outbox))


def _idle(position: Position, alarm: Alarm) -> None:
    alarm.clear()
    position.set(NO_ITEM)


def _next_undone(at: int, done: frozenset[int]) -> int:
    at += 1
    while at in done:
        at += 1
    return at


def _limit_memory(megabytes: int) -> None:
    try:
        import resource
    except ImportError:
        return
    limits = [(resource.RLIMIT_CORE, 0)]
    if megabytes:
        # On Linux RLIMIT_DATA counts private writable memory only; elsewhere it may not count mapped memory at all.
        kind = resource.RLIMIT_DATA if sys.platform == "linux" else resource.RLIMIT_AS
        limits.append((kind, megabytes * 1024 * 1024))
    for kind, limit in limits:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(kind, (limit, limit))
