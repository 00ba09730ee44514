"""Limits come in; a guarded child process goes out, with what it says and, in the end, what it died of."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import IO, Any

from kvqa_audit.engine.child import NO_ITEM, OUT_OF_MEMORY_EXIT, POSITION_BYTES, Position
from kvqa_audit.errors import KvqaAuditError

# The path comes in as arguments, so that the child finds what its parent finds without running the parent's main file.
_BOOT = "import sys; sys.path[:] = sys.argv[6:]; from kvqa_audit.engine.child import serve; serve(sys.argv[1:6])"
_FROM_OUTSIDE = (signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


class WorkerError(KvqaAuditError):
    """No worker process can be started; whoever runs the audit has to look at the machine or its limits."""


@dataclass(frozen=True, slots=True)
class Death:
    """What a child died of: kind is crashed, hung, out_of_memory or killed; `position` is NO_ITEM between items."""

    kind: str
    detail: str
    position: int


class Child:
    """One guarded child process and the connection to it; it imports `module` ahead of its first task."""

    def __init__(self, timeout_seconds: float, memory_mb: int, module: str = "") -> None:
        self.heard_at = time.monotonic()
        self._timeout_seconds = timeout_seconds
        self._memory_mb = memory_mb
        self._module = module
        self._ready = False
        self._hung = False
        self._known: set[int] = set()
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by end()
        self.connection, theirs = Pipe(duplex=True)
        with tempfile.TemporaryFile() as page:
            page.write(NO_ITEM.to_bytes(POSITION_BYTES, "little", signed=True))
            page.flush()
            self._position = Position(page.fileno())
            self._process = self._launch(theirs, page.fileno())
        theirs.close()

    def _launch(self, theirs: Connection, page: int) -> subprocess.Popen[bytes]:
        limits = [str(self._timeout_seconds), str(self._memory_mb)]
        arguments = [str(theirs.fileno()), str(page), *limits, self._module]
        try:
            return subprocess.Popen(  # noqa: S603 - this very interpreter, with arguments of our own
                [sys.executable, "-I", "-W", "ignore", "-c", _BOOT, *arguments, *sys.path],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._errors,
                pass_fds=(theirs.fileno(), page),
                env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"},
                start_new_session=True,  # Ctrl-C in the terminal is for the supervisor, which then ends its children
            )
        except OSError as error:
            raise WorkerError(f"a worker process cannot be started: {error}. Run with fewer jobs.") from error

    def give(self, function: Callable[..., Any], task: Any, done: frozenset[int], shared: Mapping[int, Any]) -> None:
        """Sends a task, and before it what the child does not know yet; a dead child is noticed by `receive`."""
        self.heard_at = time.monotonic()
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            for number, thing in shared.items():
                if number not in self._known:
                    self.connection.send(("share", number, thing))
                    self._known.add(number)
            self.connection.send(("run", function, task, done, tuple(shared)))

    def receive(self) -> Any:
        """The next message, or the Death of the child.

        Raises:
            WorkerError: the child died before it could work at all.
        """
        try:
            message = self.connection.recv()
        except (EOFError, ConnectionResetError):
            return self._death()
        self._ready = True
        return message

    def kill_as_hung(self) -> None:
        """Ends a child that neither answers nor dies."""
        self._hung = True
        self._process.kill()

    def end(self) -> None:
        """Kills the child, waits for it, and lets go of everything."""
        self._process.kill()
        self._process.wait()
        self.connection.close()
        self._position.close()
        self._errors.close()

    def _death(self) -> Death:
        code = self._process.wait()
        position = self._position.get()
        if not self._ready and -code not in _FROM_OUTSIDE:
            self._errors.seek(0)
            said = self._errors.read()[-2000:].decode("utf-8", "replace").strip()
            raise WorkerError(f"a worker process ended at its start with code {code}: {said or 'it said nothing'}")
        if self._hung or code == -signal.SIGALRM:
            return Death("hung", f"no answer within {self._timeout_seconds:g} s", position)
        if code == OUT_OF_MEMORY_EXIT:
            needed = f"more than {self._memory_mb} MB of memory needed" if self._memory_mb else "no memory was left"
            return Death("out_of_memory", needed, position)
        if code >= 0:
            return Death("crashed", f"the worker ended with exit code {code}", position)
        name = signal.Signals(-code).name
        kind = "killed" if -code in _FROM_OUTSIDE else "crashed"
        return Death(kind, f"the worker died of {name}", position)
