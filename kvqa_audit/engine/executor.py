"""What a stage may ask of whoever works for it: functions and tasks go in, results come out, wherever they are made."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from kvqa_audit.errors import KvqaAuditError

TaskT = TypeVar("TaskT")
ValueT = TypeVar("ValueT")


class WorkerError(KvqaAuditError):
    """No worker process can be started or kept; whoever runs the audit has to look at the machine or its limits."""

    exit_code = 3


class EngineError(KvqaAuditError):
    """The engine that was asked for cannot be had as it is set up; whoever asked for it has to set it up."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an item has no value; `kind` is crashed, hung, out_of_memory, raised or abandoned."""

    kind: str
    detail: str


@dataclass(frozen=True, slots=True)
class ItemResult(Generic[TaskT, ValueT]):
    """What came of one item of one task: a value, or the failure that it alone is to blame for."""

    task: TaskT
    position: int
    value: ValueT | None
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class Shared:
    """An object every worker gets once."""

    number: int


class Future(Protocol):
    """A call whose result is asked for once, later."""

    def result(self) -> Any:
        """The result of the call, waited for; raises what the function raised."""
        ...


class Executor(Protocol):
    """Workers that may die of what they work on; one thread at a time asks for work.

    Whatever is waited for raises `CancelledError` when whoever made the executor has cancelled it, and `WorkerError`
    where no worker can be started.
    """

    def start(self, module: str) -> None:
        """Starts the workers ahead of their first tasks, which are functions of the module; does not wait for them."""
        ...

    def share(self, thing: Any) -> Shared:
        """Makes an object known to all workers; it is sent to each once, when a task needs it."""
        ...

    def map_unordered(
        self,
        function: Callable[..., Iterator[ValueT]],
        tasks: Iterable[TaskT],
        *shared: Shared,
        item_timeout_seconds: float | None = None,
    ) -> Iterator[ItemResult[TaskT, ValueT]]:
        """Calls `function(task, done, *shared)` for every task and gives its values as they come.

        The function has to be importable by name and gives one value for each item of the task, in order, leaving out
        the positions in `done` (a frozenset of ints): after a crash it is called again with those that are settled.
        A task that is lost again and again without one more value is `abandoned`, and the rest of it stays unsettled.
        Tasks are taken as workers become free, at most two a worker. A value may be worked out more than once, and is
        given once.

        Args:
            item_timeout_seconds: how long one item may take; 0 is for ever, None is the executor's own limit.
        """
        ...

    def submit(self, function: Callable[..., Any], *arguments: Any, imports: Sequence[str] = ()) -> Future:
        """Begins a call that has neither a time nor a memory limit; those with the same imports come one by one.

        Args:
            function: importable by name; it may be called a second time, where its process was killed.
            imports: modules that the calls have in common, imported once for all of them.
        """
        ...

    def release(self) -> None:
        """Gives back the memory of workers without a task; submitted calls go on, a later task starts others."""
        ...

    def close(self) -> None:
        """Ends everything that is in work; a later task starts anew."""
        ...
