"""A configuration comes in; one web process and the workers run, are begun anew where they end, and end together.

Each is a Python process of its own that reads its configuration from standard input and dies with this one.
"""

from __future__ import annotations

import logging
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from types import FrameType

from kvqa_audit.serve.config import ServeConfig

LOG = logging.getLogger("kvqa_audit.serve")
WEB, WORKER = "kvqa_audit.serve.web_process", "kvqa_audit.serve.worker_process"
END_WITHIN_S = 15.0
_SOONEST_S, _LATEST_S, _STEADY_AFTER_S, _LOOK_EVERY_S = 0.5, 30.0, 60.0, 0.1
CANNOT_WORK = 2  # a configuration that no further try makes right


@dataclass
class _Part:
    """One process that has to be there; the wait before it is begun again doubles while it keeps ending at once."""

    name: str
    module: str
    process: subprocess.Popen[bytes] | None = None
    begun: float = 0.0
    next_try: float = 0.0
    wait: float = _SOONEST_S


@dataclass
class Service:
    """The processes of one service on this machine."""

    config: ServeConfig
    _parts: list[_Part] = field(default_factory=list)
    _ending: bool = False

    def run(self, while_waiting: Callable[[], None] = lambda: None) -> int:
        """Keeps all processes running until SIGTERM, SIGHUP or Ctrl-C, then lets them end in their own time.

        Args:
            while_waiting: is called again and again.

        Returns:
            0, or the exit code of a process that cannot work at all.
        """
        leave_signals_to_the_process()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._end)
        self._parts = [_Part("web", WEB), *(_Part(f"worker {n + 1}", WORKER) for n in range(self.config.workers))]
        code = 0
        try:
            while not self._ending and not code:
                code = max(map(self._attend, self._parts))
                while_waiting()
                time.sleep(_LOOK_EVERY_S)
        finally:
            self._stop()
        return code

    def _end(self, *_: int | FrameType | None) -> None:
        self._ending = True

    def _attend(self, part: _Part) -> int:
        """Begins a process that is not there; the exit code of one that cannot work at all."""
        now = time.monotonic()
        if part.process is not None:
            code = part.process.poll()
            if code is None:
                return 0
            part.process = None
            if code == CANNOT_WORK:
                return code
            part.wait = _SOONEST_S if now - part.begun > _STEADY_AFTER_S else min(2 * part.wait, _LATEST_S)
            part.next_try = now + part.wait
            LOG.warning("the %s process ended with %s; it is begun again in %.0f s", part.name, code, part.wait)
        if now >= part.next_try:
            part.begun, part.process = now, _begun(part.module, self.config)
        return 0

    def _stop(self) -> None:
        there = [part.process for part in self._parts if part.process is not None]
        for process in there:
            with suppress(ProcessLookupError):
                process.terminate()
        until = time.monotonic() + END_WITHIN_S
        for process in there:
            try:
                process.wait(max(0.0, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def leave_signals_to_the_process() -> None:
    """Takes the signals from the thread that ends other commands soon after one: that would cut the time of grace."""
    signal.set_wakeup_fd(-1)


def _begun(module: str, config: ServeConfig) -> subprocess.Popen[bytes]:
    # Nothing that lies in the folder it is started in is imported (-P). It has a group of its own, so that Ctrl-C
    # reaches this process alone, which ends the others in order.
    command = [sys.executable, "-P", "-m", module]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)  # noqa: S603 - of this package
    assert process.stdin is not None
    with suppress(BrokenPipeError), process.stdin as stdin:
        stdin.write(config.model_dump_json().encode())
    return process
