"""Tasks come in over a connection; answers, item by item, go out: the guarded child, which may die of what it works on.

Before each item the child writes its position into a page it shares with its supervisor and sets an alarm, so that a
crash or a hang names its item and costs no message.
"""

from __future__ import annotations

import contextlib
import gc
import mmap
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from typing import Any

NO_ITEM = -1
OUT_OF_MEMORY_EXIT = 77
POSITION_BYTES = 8
FLUSH_AFTER_SECONDS = 0.1
FLUSH_AFTER_ITEMS = 32
_COLLECT_AFTER_OBJECTS = 20_000
_KEPT_FREE_BYTES = 31 << 20


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


def main(connection_descriptor: int, page_descriptor: int, memory_mb: int) -> None:
    """The whole life of a process that is a guarded child: sets its limits, and works until the connection ends.

    Args:
        connection_descriptor: of the connection that tasks come in over.
        page_descriptor: of the page that the position is written to.
        memory_mb: how much private memory may be used; 0 is without limit.
    """
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    # What an image leaves behind goes without the collector's help, which would look at all modules again and again.
    gc.set_threshold(_COLLECT_AFTER_OBJECTS)
    _keep_freed_memory()
    _limit_memory(memory_mb)
    try:
        serve(Connection(connection_descriptor), Position(page_descriptor))
    except MemoryError:
        os._exit(OUT_OF_MEMORY_EXIT)


def serve(connection: Connection, position: Position) -> None:
    """Works on one task after the other until the connection ends.

    Raises:
        MemoryError: an item needed too much; `position` names it.
    """
    position.set(NO_ITEM)
    shared: dict[int, Any] = {}
    with contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):
        connection.send(("ready",))
        while True:
            message = connection.recv()
            if message[0] == "share":
                shared[message[1]] = message[2]
            else:
                _, function, task, done, shared_ids, timeout_seconds = message
                items = _items(function, task, done, *(shared[number] for number in shared_ids))
                _work(connection, position, items, done, timeout_seconds)


def _items(function: Callable[..., Iterator[Any]], *arguments: Any) -> Iterator[Any]:
    """The items of a task; what fails before the first of them fails as the first."""
    yield from function(*arguments)


def _work(
    connection: Connection, position: Position, items: Iterator[Any], done: frozenset[int], timeout_seconds: float
) -> None:
    outbox: list[tuple[int, Any]] = []
    flushed = time.monotonic()
    at = _next_undone(-1, done)
    while True:
        position.set(at)
        signal.setitimer(signal.ITIMER_REAL, timeout_seconds)
        try:
            value = next(items)
        except StopIteration:
            last: tuple[Any, ...] = ("end", outbox)
            break
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001 - one item's error must not end the others
            last = ("raised", outbox, at, f"{type(error).__name__}: {error}")
            break
        outbox.append((at, value))
        at = _next_undone(at, done)
        if len(outbox) >= FLUSH_AFTER_ITEMS or time.monotonic() - flushed > FLUSH_AFTER_SECONDS:
            _rest(position)
            connection.send(("answers", outbox))
            outbox, flushed = [], time.monotonic()
    _rest(position)
    connection.send(last)


def _rest(position: Position) -> None:
    signal.setitimer(signal.ITIMER_REAL, 0)
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


def _keep_freed_memory() -> None:
    """Has the C library keep what an image frees for the next one, rather than fetch it anew page by page.

    glibc raises its limits to what was freed, up to 32 MiB (mallopt(3), M_MMAP_THRESHOLD). The zeros are mapped and
    never written, so that they take no memory; under other libraries it does nothing.
    """
    bytes(_KEPT_FREE_BYTES)
