"""A function and its arguments come in; its result goes out when asked for: from a child, or worked out here."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from kvqa_audit.engine.nursery import Nursery, WorkerError
from kvqa_audit.engine.supervised import Child, Death
from kvqa_audit.errors import KvqaAuditError


class Beside:
    """Work that may as well be done elsewhere; here it is done by this process, when its result is asked for.

    One call at a time: with a second one on its way, both sides could wait for each other to read.
    """

    def __init__(self) -> None:
        self._begun: _Call | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def begin(self, function: Callable[..., Any], *arguments: Any) -> None:
        """Takes a call of a function that is importable by name.

        Raises:
            RuntimeError: the result of the call before was not asked for.
        """
        if self._begun is not None:
            raise RuntimeError("the result of the call before has to be asked for first")
        self._begun = _Call(function, arguments)

    def result(self) -> Any:
        """The result of the call; raises what the function raises."""
        call = self._taken()
        return call.function(*call.arguments)

    def _taken(self) -> _Call:
        if self._begun is None:
            raise RuntimeError("no call was begun")
        call, self._begun = self._begun, None
        return call

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
        self._nursery = Nursery()
        self._child = Child(self._nursery, timeout_seconds=0, memory_mb=0)

    def begin(self, function: Callable[..., Any], *arguments: Any) -> None:
        """Sends a call to the child, as in Beside."""
        super().begin(function, *arguments)
        self._child.give(_outcome_of, self._begun, frozenset(), {})

    def result(self) -> Any:
        """Waits for the result of the call.

        Raises:
            KvqaAuditError: as the function did.
            WorkerError: the child was lost.
            RuntimeError: the function failed in any other way; the text is the child's stack trace.
        """
        self._taken()
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
        self._nursery.close()


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
