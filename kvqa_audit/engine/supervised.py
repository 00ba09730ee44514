"""A fork server and limits come in; a guarded child goes out, with its messages and, in the end, what it died of."""

from __future__ import annotations

import contextlib
import signal
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from multiprocessing import Pipe
from typing import Any

from kvqa_audit.engine.child import NO_ITEM, OUT_OF_MEMORY_EXIT, POSITION_BYTES, Position
from kvqa_audit.engine.executor import WorkerError
from kvqa_audit.engine.fork_server import KILLED_FROM_OUTSIDE, ForkServer
from kvqa_audit.errors import CancelledError


@dataclass(frozen=True, slots=True)
class Death:
    """What a child died of: kind is crashed, hung, out_of_memory or killed; `position` is NO_ITEM between items."""

    kind: str
    detail: str
    position: int


class Child:
    """One guarded child process, forked from a fork server, and the connection to it.

    `is_ready` tells that it has come to life, `heard_at` when it last did something, in seconds of the monotonic clock.
    """

    def __init__(self, fork_server: ForkServer, memory_mb: int) -> None:
        self.fork_server = fork_server
        self.is_ready = False
        self.heard_at = time.monotonic()
        self._timeout_seconds = 0.0
        self._memory_mb = memory_mb
        self._hung = False
        self._known: set[int] = set()
        self.connection, theirs = Pipe(duplex=True)
        with theirs, tempfile.TemporaryFile() as page:
            page.write(NO_ITEM.to_bytes(POSITION_BYTES, "little", signed=True))
            page.flush()
            self._position = Position(page.fileno())
            self._process = fork_server.fork(theirs.fileno(), page.fileno(), memory_mb)

    def give(
        self,
        function: Callable[..., Any],
        task: Any,
        done: frozenset[int],
        shared: Mapping[int, Any],
        timeout_seconds: float,
    ) -> None:
        """Sends a task, and before it what the child does not know yet; a dead child is noticed by `receive`."""
        self.heard_at = time.monotonic()
        self._timeout_seconds = timeout_seconds
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            for number, thing in shared.items():
                if number not in self._known:
                    self.connection.send(("share", number, thing))
                    self._known.add(number)
            self.connection.send(("run", function, task, done, tuple(shared), timeout_seconds))

    def receive(self) -> Any:
        """The next message, or the Death of the child.

        Raises:
            WorkerError: the child never came to life, and was not killed.
            CancelledError: meanwhile the executor was cancelled.
        """
        try:
            message = self.connection.recv()
        except (EOFError, ConnectionResetError):
            return self._death()
        self.heard_at = time.monotonic()
        self.is_ready = True
        return message

    def kill_if_silent(self, grace_seconds: float) -> None:
        """Ends a child that neither answers nor dies; its own alarm comes first, where it can be woken."""
        if self._timeout_seconds and time.monotonic() - self.heard_at > self._timeout_seconds + grace_seconds:
            self._hung = True
            self._process.kill()

    def end(self) -> None:
        """Kills the child, waits for it, and lets go of everything."""
        self._process.kill()
        if self._process.pid is not None:  # one that comes to life later finds its connection closed
            with contextlib.suppress(WorkerError, CancelledError):
                self._process.wait()
        self.connection.close()
        self._position.close()

    def _death(self) -> Death:
        code = self._process.wait()
        position = self._position.get()
        if self._hung or code == -signal.SIGALRM:
            return Death("hung", f"no answer within {self._timeout_seconds:g} s", position)
        if code == OUT_OF_MEMORY_EXIT:
            needed = f"more than {self._memory_mb} MB of memory needed" if self._memory_mb else "no memory was left"
            return Death("out_of_memory", needed, position)
        if code >= 0:
            return Death("crashed", f"the worker ended with exit code {code}", position)
        name = signal.Signals(-code).name
        kind = "killed" if -code in KILLED_FROM_OUTSIDE else "crashed"
        return Death(kind, f"the worker died of {name}", position)
