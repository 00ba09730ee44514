"""Functions and their arguments come in; their results go out when asked for: from a child, or worked out here."""

from __future__ import annotations

import traceback
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from kvqa_audit.engine.supervised import Child, Death, WorkerError
from kvqa_audit.errors import KvqaAuditError


class Beside:
    """Work that may as well be done elsewhere; here it is done by this process, when its result is asked for."""

    def __init__(self) -> None:
        self._calls: deque[_Call] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def begin(self, function: Callable[..., Any], *arguments: Any) -> None:
        """Takes one call, of a function that is importable by name; calls are worked on in their order."""
        self._calls.append(_Call(function, arguments))

    def result(self) -> Any:
        """The result of the oldest call that was not asked for yet; raises what the function raises."""
        call = self._calls.popleft()
        return call.function(*call.arguments)

    def close(self) -> None:
        """Lets go of whatever works on the calls."""


@dataclass(frozen=True, slots=True)
class _Call:
    function: Callable[..., Any]
    arguments: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class _Outcome:
    result: Any = None
    error: KvqaAuditError | None = None
    fault: str | None = None


class BesideChild(Beside):
    """One process for work beside that of this process; leaving it as a context manager ends the child.

    It has neither a time nor a memory limit: what it works on is no single image of unknown origin.
    """

    def __init__(self) -> None:
        super().__init__()
        self._child = Child(timeout_seconds=0, memory_mb=0)

    def begin(self, function: Callable[..., Any], *arguments: Any) -> None:
        """Sends one call to the child."""
        self._child.give(_outcome_of, _Call(function, arguments), frozenset(), {})

    def result(self) -> Any:
        """Waits for the oldest call whose result was not asked for yet.

        Raises:
            KvqaAuditError: as the function did.
            WorkerError: the child was lost.
            RuntimeError: the function failed in any other way; the text is the child's stack trace.
        """
        outcome = _Outcome()
        while True:
            message = self._child.receive()
            if isinstance(message, Death):
                raise WorkerError(f"the process beside this one was lost: {message.detail}. Is there enough memory?")
            if message[0] == "ready":
                continue
            for _, outcome in message[1]:
                _raise_fault(outcome)
            if message[0] != "answers":
                return outcome.result

    def close(self) -> None:
        self._child.end()


def _outcome_of(call: _Call, _done: frozenset[int]) -> Iterator[_Outcome]:
    try:
        yield _Outcome(call.function(*call.arguments))
    except MemoryError:
        raise
    except KvqaAuditError as error:
        yield _Outcome(error=error)
    except Exception:  # noqa: BLE001 - a traceback cannot cross to another process, its text can
        yield _Outcome(fault=traceback.format_exc())


def _raise_fault(outcome: _Outcome) -> None:
    if outcome.error is not None:
        raise outcome.error
    if outcome.fault is not None:
        raise RuntimeError(outcome.fault)
