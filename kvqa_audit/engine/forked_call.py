"""A call comes in and is worked on in a process that ends with it; its result goes out when it is asked for.

The process gives its memory back as soon as it is done, whenever that is, because its result waits in a file.
"""

from __future__ import annotations

import pickle
import tempfile
import weakref
from collections.abc import Callable
from typing import IO, Any

from kvqa_audit.engine.call import Call, Outcome
from kvqa_audit.engine.executor import WorkerError
from kvqa_audit.engine.fork_server import KILLED_FROM_OUTSIDE, ForkServer

_MAX_TRIES = 3


class ForkedCall:
    """A call in a process of its own; one whose process is killed from outside is tried again.

    Args:
        call: what is worked on.
        find_server: gives a living process to fork from.
    """

    def __init__(self, call: Call, find_server: Callable[[], ForkServer]) -> None:
        self._call = call
        self._find_server = find_server
        self._begin()

    def result(self) -> Any:
        """Waits for the result of the call.

        Raises:
            KvqaAuditError: as the function did.
            WorkerError: the process was lost.
            CancelledError: the executor was cancelled.
            RuntimeError: the function failed in any other way; the text is the other process's stack trace.
        """
        tries = 1
        while (code := self._fork.wait()) != 0:
            if -code not in KILLED_FROM_OUTSIDE or tries == _MAX_TRIES:
                error = self._server.last_error_text()
                raise WorkerError(f"a process beside this one ended with code {code}: {error}. Is there enough memory?")
            tries += 1
            self._outcome.close()
            self._begin()
        with self._outcome:
            self._outcome.seek(0)
            outcome: Outcome = pickle.load(self._outcome)  # noqa: S301 - written by our own child, into a nameless file
        return outcome.unwrap()

    def _begin(self) -> None:
        self._server = self._find_server()
        self._outcome: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by the finalizer
        weakref.finalize(self, self._outcome.close)
        with tempfile.TemporaryFile() as file:
            pickle.dump(self._call, file)
            file.flush()
            file.seek(0)
            self._fork = self._server.fork_for_call(file.fileno(), self._outcome.fileno())
