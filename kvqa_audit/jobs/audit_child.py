"""An order comes in; a process that carries it out runs beside the worker, and what it tells goes out bit by bit."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from kvqa_audit.jobs.order import AuditOrder
from kvqa_audit.jobs.process_memory import memory_mb_of
from kvqa_audit.store.job_records import EventKind

# An audit that is to end unwinds by itself in this time, or is killed.
GRACE_SECONDS = 1.2
# What a process says on its standard streams is kept up to here.
MAX_LOG_LINES = 500
MAX_LOG_CHARACTERS = 500
_READ_BYTES = 1 << 16

Told = tuple[EventKind, Mapping[str, Any]]


class AuditChild:
    """One process and what is known of it. It ends with the thread that made this."""

    def __init__(self, order: AuditOrder) -> None:
        """Starts the process.

        Raises:
            OSError: the system gives none.
        """
        self.started = time.monotonic()
        self._asked_to_end: float | None = None
        self._end: Mapping[str, Any] | None = None
        self._log_lines = 0
        told, tell = os.pipe()
        said, say = os.pipe()
        self._told, self._said = _Lines(told), _Lines(said)
        try:
            self._process = subprocess.Popen(  # noqa: S603 - this package's own module
                # Nothing that lies in the folder it is started in is imported (-P).
                [sys.executable, "-P", "-m", "kvqa_audit.jobs.child", str(tell)],
                stdin=subprocess.PIPE,
                stdout=say,
                stderr=say,
                pass_fds=(tell,),
                start_new_session=True,
            )
        except OSError:
            self.close()
            raise
        finally:
            os.close(tell)
            os.close(say)
        assert self._process.stdin is not None
        with suppress(BrokenPipeError), self._process.stdin as stdin:
            stdin.write(order.as_json())

    @property
    def pid(self) -> int:
        return self._process.pid

    def wait(self, seconds: float) -> None:
        """Waits until the process tells something, or so long."""
        pipes = [lines.descriptor for lines in (self._told, self._said) if not lines.is_over]
        if pipes:
            select.select(pipes, [], [], seconds)
        else:
            time.sleep(min(seconds, 0.01))

    def read(self) -> list[Told]:
        """What was told since the last call."""
        told: list[Told] = []
        for line in self._told.read():
            body = json.loads(line)
            kind = body.pop("kind")
            if kind == "end":
                self._end = body
            else:
                told.append((EventKind(kind), body))
        for line in self._said.read():
            self._log_lines += 1
            if self._log_lines <= MAX_LOG_LINES:
                told.append((EventKind.LOG, {"text": line.decode(errors="backslashreplace")[:MAX_LOG_CHARACTERS]}))
            elif self._log_lines == MAX_LOG_LINES + 1:
                told.append((EventKind.LOG, {"text": f"(more than {MAX_LOG_LINES} lines; the rest is left out)"}))
        return told

    def end(self) -> Mapping[str, Any] | None:
        """How it ended, once all that it told was read: the last words of the process, or what can be said of it."""
        if self._process.poll() is None or not self._told.is_over:
            return None
        if self._end is not None:
            return self._end
        code = self._process.returncode
        how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        return {"how": "died", "reason": f"its process ended with {how}", "again": True}

    def ask_to_end(self) -> None:
        """Lets the audit unwind; one that takes too long is killed by `enforce`."""
        if self._asked_to_end is None:
            self._asked_to_end = time.monotonic()
            with suppress(ProcessLookupError):
                self._process.terminate()

    def enforce(self) -> None:
        """Kills a process that was asked to end and did not in time."""
        if self._asked_to_end is not None and time.monotonic() - self._asked_to_end > GRACE_SECONDS:
            self.kill()

    def kill(self) -> None:
        """Ends the process at once; those that it started end with it."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def memory_mb(self) -> float:
        """What the process and all that it started hold, shared pages counted once."""
        return memory_mb_of(self._process.pid)

    def close(self) -> None:
        """Closes the pipes."""
        self._told.close()
        self._said.close()


class _Lines:
    """A pipe, read without waiting, line by line."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.is_over = False
        self._rest = b""
        os.set_blocking(descriptor, False)

    def read(self) -> list[bytes]:
        parts = [self._rest]
        with suppress(BlockingIOError):
            while not self.is_over:
                part = os.read(self.descriptor, _READ_BYTES)
                parts.append(part)
                self.is_over = not part
        *lines, self._rest = b"".join(parts).split(b"\n")
        return lines

    def close(self) -> None:
        self.is_over = True
        with suppress(OSError):
            os.close(self.descriptor)
