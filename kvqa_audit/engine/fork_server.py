"""Modules to import come in; a process that has imported them goes out, of which children are forked."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections import deque
from multiprocessing.connection import wait
from typing import IO

from kvqa_audit.engine.executor import WorkerError
from kvqa_audit.engine.fork_server_process import ANSWER, FAILED, FORK, FORK_FOR_CALL, REQUEST, WAIT
from kvqa_audit.errors import CancelledError

KILLED_FROM_OUTSIDE = (signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
POLL_SECONDS = 0.2

# The path comes in as arguments, so that a child finds what its parent finds without running the parent's main file.
_BOOT = (
    "import sys; sys.path[:] = sys.argv[4:]; "
    "from kvqa_audit.engine.fork_server_process import serve_forks; serve_forks(*sys.argv[1:4])"
)


class Fork:
    """One forked process; its id is known once the fork server has come to fork it."""

    def __init__(self, fork_server: ForkServer) -> None:
        self.pid: int | None = None
        self._fork_server = fork_server
        self._exit_code: int | None = None

    def kill(self) -> None:
        """Kills it, if it has come to life by now."""
        self._fork_server.learn_of_births()
        if self.pid is not None and self.pid != FAILED and self._exit_code is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)

    def wait(self) -> int:
        """What it ended with, negative for a signal; one that nobody can wait for any more counts as killed.

        Raises:
            WorkerError: it never came to life, and was not killed.
            CancelledError: meanwhile the executor was cancelled.
        """
        if self._exit_code is None:
            self._exit_code = self._fork_server.exit_code_of(self)
        return self._exit_code


class ForkServer:
    """The process that children are forked from; where the system can tell them (Linux), they end with it.

    Args:
        modules: what is imported before the first fork.
        cancel: when it is set, nothing is waited for any more.
    """

    def __init__(self, *modules: str, cancel: threading.Event) -> None:
        self._cancel = cancel
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close()
        self._unborn: deque[Fork] = deque()
        self._control, theirs = socket.socketpair()
        with theirs:
            self._process = self._launch(theirs.fileno(), ",".join(modules))

    def _launch(self, control: int, modules: str) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(  # noqa: S603 - this very interpreter, with arguments of our own
                [sys.executable, "-I", "-W", "ignore", "-c", _BOOT, str(control), str(os.getpid()), modules, *sys.path],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._errors,
                pass_fds=(control,),
                env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"},
                start_new_session=True,  # Ctrl-C in the terminal is for the supervisor, which then ends its children
            )
        except OSError as error:
            raise WorkerError(f"a worker process cannot be started: {error}. Run with fewer jobs.") from error

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def fork(self, connection: int, page: int, memory_mb: int) -> Fork:
        """Asks for a guarded child that serves two descriptors, and does not wait for it."""
        return self._ask(REQUEST.pack(FORK, 0, memory_mb), connection, page)

    def fork_for_call(self, call: int, outcome: int) -> Fork:
        """Asks for a child that answers the call in one file in the other, once the last such child has ended."""
        return self._ask(REQUEST.pack(FORK_FOR_CALL, 0, 0), call, outcome)

    def learn_of_births(self) -> None:
        """Takes the process ids of the forks that have been made, and waits for none."""
        while self._unborn and wait([self._control], 0):
            self._unborn.popleft().pid = self._receive()

    def exit_code_of(self, fork: Fork) -> int:
        """Waits for a fork to end; see `Fork.wait`."""
        while self._unborn:  # those that were asked for later, too: their answers come before the one to this question
            self._unborn.popleft().pid = self._receive()
        if fork.pid == FAILED or (fork.pid is None and self._process.wait() >= 0):
            raise WorkerError(f"a worker process ended at its start: {self.last_error_text()}. Run with fewer jobs.")
        if fork.pid is None:
            return -signal.SIGKILL
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._control.sendall(REQUEST.pack(WAIT, fork.pid, 0))
        code = self._receive()
        return -signal.SIGKILL if code is None else code

    def last_error_text(self) -> str:
        """The end of what it and its forks wrote to their standard error."""
        self._errors.seek(0)
        return self._errors.read()[-2000:].decode("utf-8", "replace").strip() or "it said nothing"

    def close(self) -> None:
        """Ends the process, and what was forked of it and is still alive, and lets go of everything."""
        if self.is_alive:  # or it is our own zombie at least, so that no other process has its number
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)  # it began a session, so its forks are of its group
        self._process.wait()
        self._control.close()
        self._errors.close()

    def _ask(self, request: bytes, *descriptors: int) -> Fork:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            socket.send_fds(self._control, [request], descriptors)
        fork = Fork(self)
        self._unborn.append(fork)
        return fork

    def _receive(self) -> int | None:
        """The next answer, waited for; None where the process has ended."""
        while not wait([self._control], POLL_SECONDS):
            if self._cancel.is_set():
                raise CancelledError("the audit was cancelled")
        try:
            answer = self._control.recv(ANSWER.size, socket.MSG_WAITALL)
        except ConnectionResetError:
            return None
        return ANSWER.unpack(answer)[0] if len(answer) == ANSWER.size else None
