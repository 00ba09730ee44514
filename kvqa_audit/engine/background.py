"""Calls come in; their results go out when asked for: from processes that each end with their call, or from here.

A process of its own gives its memory back as soon as it is done, whenever that is, because its result waits in a file.
"""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Callable
from types import TracebackType
from typing import IO, Any, Self

from kvqa_audit.engine.call import Call, Outcome
from kvqa_audit.engine.fork_server import ForkServer, WorkerError


class Future:
    """A call that may as well be worked on elsewhere; here it is done when its result is asked for."""

    def __init__(self, call: Call) -> None:
        self._call = call

    def result(self) -> Any:
        """The result of the call; raises what the function raises."""
        return self._call.made()

    def close(self) -> None:
        """Gives up the result."""


class Background:
    """Takes calls; leaving it as a context manager ends those that are still worked on."""

    def __init__(self) -> None:
        self._futures: list[Future] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def begin(self, function: Callable[..., Any], *arguments: Any) -> Future:
        """Takes a call of a function that is importable by name."""
        begun = self._begin(Call(function, arguments))
        self._futures.append(begun)
        return begun

    def close(self) -> None:
        """Ends whatever is still worked on."""
        while self._futures:
            self._futures.pop().close()

    def _begin(self, call: Call) -> Future:
        return Future(call)


class ForkedBackground(Background):
    """Works on one call after the other, each in a process forked from one that has imported what they share.

    They have neither a time nor a memory limit: what they work on is no single image of unknown origin.

    Args:
        modules: what is imported before the first fork.
    """

    def __init__(self, *modules: str) -> None:
        super().__init__()
        self._fork_server = ForkServer(*modules)

    def close(self) -> None:
        self._fork_server.close()
        super().close()

    def _begin(self, call: Call) -> Future:
        return _ForkedFuture(call, self._fork_server)


class _ForkedFuture(Future):
    def __init__(self, call: Call, fork_server: ForkServer) -> None:
        super().__init__(call)
        self._fork_server = fork_server
        self._outcome: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close()
        with tempfile.TemporaryFile() as file:
            pickle.dump(call, file)
            file.flush()
            file.seek(0)
            self._fork = fork_server.fork_for_call(file.fileno(), self._outcome.fileno())

    def result(self) -> Any:
        """Waits for the result of the call.

        Raises:
            KvqaAuditError: as the function did.
            WorkerError: the process was lost.
            RuntimeError: the function failed in any other way; the text is the other process's stack trace.
        """
        code = self._fork.wait()
        if code != 0:
            said = self._fork_server.said()
            raise WorkerError(f"the process beside this one ended with code {code}: {said}. Is there enough memory?")
        self._outcome.seek(0)
        outcome: Outcome = pickle.load(self._outcome)  # noqa: S301 - written by our own child, into a nameless file
        return outcome.taken()

    def close(self) -> None:
        self._outcome.close()
