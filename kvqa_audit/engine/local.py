"""A function and tasks come in; answers, item by item and in any order, go out: a pool of supervised guarded children.

A child that crashes, hangs or runs out of memory costs the one item it was on; a fresh child goes on with the rest.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import wait
from types import TracebackType
from typing import Any, Generic, TypeVar

from kvqa_audit.engine.child import NO_ITEM
from kvqa_audit.engine.fork_server import ForkServer
from kvqa_audit.engine.supervised import Child, Death

TaskT = TypeVar("TaskT")
ValueT = TypeVar("ValueT")

_KILLED_TWICE = 2
_LOSSES_IN_A_ROW = 3
_SILENCE_GRACE_SECONDS = 10.0
_POLL_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an item has no value; `kind` is crashed, hung, out_of_memory, raised or abandoned."""

    kind: str
    detail: str


@dataclass(frozen=True, slots=True)
class Answer(Generic[TaskT, ValueT]):
    """What came of one item of one task: a value, or the failure that it alone is to blame for."""

    task: TaskT
    position: int
    value: ValueT | None
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class Shared:
    """An object every worker gets once."""

    number: int


@dataclass
class _Job:
    task: Any
    done: set[int] = field(default_factory=set)
    kills: dict[int, int] = field(default_factory=dict)
    losses: int = 0

    def next_undone(self) -> int:
        position = 0
        while position in self.done:
            position += 1
        return position


class LocalPool:
    """Supervised local processes; use it as a context manager.

    Args:
        jobs: how many children; one is guarded, too.
        item_timeout_seconds: how long one item may take before its child is ended; 0 is for ever.
        memory_mb: how much private memory a child may use; 0 is without limit.
    """

    def __init__(self, jobs: int, *, item_timeout_seconds: float = 20.0, memory_mb: int = 2048) -> None:
        if jobs < 1:
            raise ValueError(f"jobs has to be at least 1, not {jobs}")
        self.jobs = jobs
        self._timeout_seconds = item_timeout_seconds
        self._memory_mb = memory_mb
        self._fork_servers: list[ForkServer] = []
        self._children: list[Child] = []
        self._shared: list[Any] = []

    def __enter__(self) -> LocalPool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self, module: str) -> None:
        """Starts all children ahead of their first tasks, which are functions of the module.

        Without it a child is started when there is a task for it.

        Raises:
            WorkerError: no child can be started.
        """
        while len(self._children) < self.jobs:
            self._start(module)

    def share(self, thing: Any) -> Shared:
        """Makes an object known to all workers; it is sent to each child once, when a task needs it."""
        self._shared.append(thing)
        return Shared(len(self._shared) - 1)

    def map_unordered(
        self, function: Callable[..., Iterator[ValueT]], tasks: Iterable[TaskT], *shared: Shared
    ) -> Iterator[Answer[TaskT, ValueT]]:
        """Calls `function(task, done, *shared)` for every task and gives its values as they come.

        The function has to be importable by name and gives one value for each item of the task, in order, leaving out
        the positions in `done` (a frozenset of ints): after a crash it is called again with those that are settled.
        A task that is lost again and again without one more value is `abandoned`, and the rest of it stays unsettled.
        At most one task a child is in work. A value may be worked out more than once, and is given once.

        Raises:
            WorkerError: no child can be started.
        """
        queue = iter(tasks)
        interrupted: deque[_Job] = deque()
        running: dict[Child, _Job] = {}
        try:
            while True:
                self._feed(function, queue, interrupted, running, shared)
                if not running:
                    return
                for child in self._ready(running):
                    yield from self._hear(child, running, interrupted)
        finally:
            for child in running:
                self._discard(child)

    def close(self) -> None:
        """Ends all children and waits for them; a later task starts others."""
        while self._children:
            self._discard(self._children[-1])
        while self._fork_servers:
            self._fork_servers.pop().close()

    def _feed(
        self,
        function: Callable[..., Any],
        queue: Iterator[Any],
        interrupted: deque[_Job],
        running: dict[Child, _Job],
        shared: tuple[Shared, ...],
    ) -> None:
        while len(running) < self.jobs:
            job = interrupted.popleft() if interrupted else next((_Job(task) for task in queue), None)
            if job is None:
                return
            idle = next((child for child in self._children if child not in running), None)
            child = idle or self._start(function.__module__)
            running[child] = job
            things = {one.number: self._shared[one.number] for one in shared}
            child.give(function, job.task, frozenset(job.done), things)

    def _start(self, module: str) -> Child:
        if not self._fork_servers or not self._fork_servers[-1].is_alive:
            self._fork_servers.append(ForkServer(module))
        child = Child(self._fork_servers[-1], self._timeout_seconds, self._memory_mb)
        self._children.append(child)
        return child

    def _discard(self, child: Child) -> None:
        child.end()
        self._children.remove(child)

    def _ready(self, running: dict[Child, _Job]) -> list[Child]:
        by_connection: dict[Any, Child] = {child.connection: child for child in running}
        heard = [by_connection[connection] for connection in wait(list(by_connection), _POLL_SECONDS)]
        for child in heard:
            child.heard_at = time.monotonic()
        if self._timeout_seconds and not heard:
            limit = self._timeout_seconds + _SILENCE_GRACE_SECONDS
            for child in running:
                # The child's own alarm comes first; this is for one that is stopped or cannot be woken.
                if time.monotonic() - child.heard_at > limit:
                    child.kill_as_hung()
        return heard

    def _hear(self, child: Child, running: dict[Child, _Job], interrupted: deque[_Job]) -> Iterator[Answer[Any, Any]]:
        job = running[child]
        message = child.receive()
        if isinstance(message, Death):
            del running[child]
            self._discard(child)
            yield from self._bury(message, job, interrupted)
            return
        if message[0] == "ready":
            return
        for position, value in message[1]:
            if position not in job.done:
                job.done.add(position)
                job.losses = 0
                yield Answer(job.task, position, value)
        if message[0] == "raised":
            del running[child]
            yield self._blame(job, message[2], Failure("raised", message[3]), interrupted)
        elif message[0] == "end":
            del running[child]

    def _bury(self, death: Death, job: _Job, interrupted: deque[_Job]) -> Iterator[Answer[Any, Any]]:
        position = job.next_undone() if death.position == NO_ITEM else death.position
        if death.kind == "killed" or death.position == NO_ITEM:
            job.kills[position] = job.kills.get(position, 0) + 1
            if job.kills[position] < _KILLED_TWICE:
                interrupted.append(job)
                return
        kind = "crashed" if death.kind == "killed" else death.kind
        yield self._blame(job, position, Failure(kind, death.detail), interrupted)

    def _blame(self, job: _Job, position: int, failure: Failure, interrupted: deque[_Job]) -> Answer[Any, Any]:
        # A function that fails before it comes to an item, whatever is done already, would be called for ever.
        job.losses += 1
        if job.losses >= _LOSSES_IN_A_ROW:
            return Answer(job.task, position, None, Failure("abandoned", failure.detail))
        job.done.add(position)
        interrupted.append(job)
        return Answer(job.task, position, None, failure)
