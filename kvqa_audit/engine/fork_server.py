"""Modules to import come in; a process that has imported them goes out, of which children are forked."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections import deque
from typing import IO

from kvqa_audit.engine.fork_server_process import ANSWER, FAILED, FORK, FORK_FOR_CALL, REQUEST, WAIT
from kvqa_audit.errors import KvqaAuditError

# The path comes in as arguments, so that a child finds what its parent finds without running the parent's main file.
_BOOT = (
    "import sys; sys.path[:] = sys.argv[3:]; "
    "from kvqa_audit.engine.fork_server_process import serve_forks; serve_forks(*sys.argv[1:3])"
)


class WorkerError(KvqaAuditError):
    """No worker process can be started; whoever runs the audit has to look at the machine or its limits."""


class Fork:
    """One forked process; its id is known once the fork server has come to fork it."""

    def __init__(self, fork_server: ForkServer) -> None:
        self.pid: int | None = None
        self._fork_server = fork_server
        self._exit_code: int | None = None

    def kill(self) -> None:
        """Kills it, if it has come to life at all."""
        pid = self._fork_server.pid_of(self)
        if pid is not None and self._exit_code is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def wait(self) -> int:
        """What it ended with, negative for a signal; one that nobody can wait for any more counts as killed.

        Raises:
            WorkerError: it never came to life.
        """
        if self._exit_code is None:
            self._exit_code = self._fork_server.exit_code_of(self)
        return self._exit_code


class ForkServer:
    """The process that children are forked from; they live on if it ends before them."""

    def __init__(self, *modules: str) -> None:
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close()
        self._unborn: deque[Fork] = deque()
        self._control, theirs = socket.socketpair()
        with theirs:
            self._process = self._launch(theirs.fileno(), ",".join(modules))

    def _launch(self, control: int, modules: str) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(  # noqa: S603 - this very interpreter, with arguments of our own
                [sys.executable, "-I", "-W", "ignore", "-c", _BOOT, str(control), modules, *sys.path],
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

    def fork(self, connection: int, page: int, timeout_seconds: float, memory_mb: int) -> Fork:
        """Asks for a guarded child that serves two descriptors, and does not wait for it."""
        return self._ask(REQUEST.pack(FORK, 0, timeout_seconds, memory_mb), connection, page)

    def fork_for_call(self, call: int, outcome: int) -> Fork:
        """Asks for a child that answers the call in one file in the other, once the last such child has ended."""
        return self._ask(REQUEST.pack(FORK_FOR_CALL, 0, 0.0, 0), call, outcome)

    def pid_of(self, fork: Fork) -> int | None:
        """The process id of a fork, waited for; None where it never came to life."""
        while fork in self._unborn:
            self._unborn.popleft().pid = self._answer()
        return fork.pid if fork.pid != FAILED else None

    def exit_code_of(self, fork: Fork) -> int:
        """Waits for a fork to end; see `Fork.wait`."""
        pid = self.pid_of(fork)
        if pid is None:
            raise WorkerError(f"a worker process ended at its start: {self.said()}. Run with fewer jobs.")
        for other in tuple(self._unborn):
            self.pid_of(other)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._control.sendall(REQUEST.pack(WAIT, pid, 0.0, 0))
        code = self._answer()
        return -signal.SIGKILL if code is None else code

    def said(self) -> str:
        """The end of what it and its forks wrote to their standard error."""
        self._errors.seek(0)
        return self._errors.read()[-2000:].decode("utf-8", "replace").strip() or "it said nothing"

    def close(self) -> None:
        """Ends the process, and what was forked of it and is still alive, and lets go of everything."""
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

    def _answer(self) -> int | None:
        try:
            answer = self._control.recv(ANSWER.size, socket.MSG_WAITALL)
        except ConnectionResetError:
            return None
        return ANSWER.unpack(answer)[0] if len(answer) == ANSWER.size else None
