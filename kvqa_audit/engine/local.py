"""Functions and tasks come in; results, in any order, go out: an executor of supervised processes of this machine.

A child that crashes, hangs or runs out of memory costs the one item it was on; a fresh child goes on with the rest.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import wait
from types import TracebackType
from typing import Any

from kvqa_audit.engine.call import Call
from kvqa_audit.engine.child import NO_ITEM
from kvqa_audit.engine.executor import Failure, Future, ItemResult, Shared, TaskT, ValueT, WorkerError
from kvqa_audit.engine.fork_server import POLL_SECONDS, ForkServer
from kvqa_audit.engine.forked_call import ForkedCall
from kvqa_audit.engine.supervised import Child, Death
from kvqa_audit.errors import CancelledError

_KILLED_TWICE = 2
_LOSSES_IN_A_ROW = 3
_LOST_STARTS_A_JOB = 2
_SILENCE_GRACE_SECONDS = 10.0


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


@dataclass
class _Batch:
    """What one call of `map_unordered` has to do, and which child is on what."""

    function: Callable[..., Any]
    tasks: Iterator[Any]
    shared: Mapping[int, Any]
    timeout_seconds: float
    interrupted: deque[_Job] = field(default_factory=deque)
    running: dict[Child, _Job] = field(default_factory=dict)

    def next_job(self) -> _Job | None:
        return self.interrupted.popleft() if self.interrupted else next(map(_Job, self.tasks), None)


class LocalPool:
    """Supervised local processes; an `Executor` for one thread at a time. Use it as a context manager.

    Args:
        jobs: how many children; one is guarded, too.
        item_timeout_seconds: how long one item may take before its child is ended; 0 is for ever.
        memory_mb: how much private memory a child may use; 0 is without limit.
        cancel: when it is set, by whatever thread, all waiting ends within a second, in `CancelledError`.
    """

    def __init__(
        self,
        jobs: int,
        *,
        item_timeout_seconds: float = 20.0,
        memory_mb: int = 2048,
        cancel: threading.Event | None = None,
    ) -> None:
        if jobs < 1:
            raise ValueError(f"jobs has to be at least 1, not {jobs}")
        self.jobs = jobs
        self._timeout_seconds = item_timeout_seconds
        self._memory_mb = memory_mb
        self._cancel = cancel or threading.Event()
        self._fork_servers: list[ForkServer] = []
        self._call_servers: dict[tuple[str, ...], ForkServer] = {}
        self._children: list[Child] = []
        self._shared: list[Any] = []
        self._lost_starts = 0

    def __enter__(self) -> LocalPool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self, module: str) -> None:
        """As `Executor.start`."""
        while len(self._children) < self.jobs:
            self._start_child(module)

    def share(self, thing: Any) -> Shared:
        """As `Executor.share`."""
        self._shared.append(thing)
        return Shared(len(self._shared) - 1)

    def map_unordered(
        self,
        function: Callable[..., Iterator[ValueT]],
        tasks: Iterable[TaskT],
        *shared: Shared,
        item_timeout_seconds: float | None = None,
    ) -> Iterator[ItemResult[TaskT, ValueT]]:
        """As `Executor.map_unordered`."""
        things = {one.number: self._shared[one.number] for one in shared}
        limit = self._timeout_seconds if item_timeout_seconds is None else item_timeout_seconds
        batch = _Batch(function, iter(tasks), things, limit)
        try:
            while True:
                self._feed(batch)
                if not batch.running:
                    return
                for child in self._wait_for_messages(batch):
                    yield from self._handle_message(child, batch)
        finally:
            for child in batch.running:
                self._discard(child)

    def submit(self, function: Callable[..., Any], *arguments: Any, imports: Sequence[str] = ()) -> Future:
        """As `Executor.submit`."""
        return ForkedCall(Call(function, arguments), lambda: self._call_server(tuple(imports)))

    def renew(self) -> None:
        """Ends the children and forgets what was shared; the next children are forked anew, at next to no cost."""
        while self._children:
            self._discard(self._children[-1])
        self._shared.clear()

    def release(self) -> None:
        """As `Executor.release`."""
        while self._children:
            self._discard(self._children[-1])
        while self._fork_servers:
            self._fork_servers.pop().close()

    def close(self) -> None:
        """As `Executor.close`; every process has ended when it is done."""
        self.release()
        while self._call_servers:
            self._call_servers.popitem()[1].close()

    def _feed(self, batch: _Batch) -> None:
        self._stop_if_cancelled()
        while len(batch.running) < self.jobs:
            if (job := batch.next_job()) is None:
                return
            child = self._idle_child(batch) or self._start_child(batch.function.__module__)
            batch.running[child] = job
            child.give(batch.function, job.task, frozenset(job.done), batch.shared, batch.timeout_seconds)

    def _idle_child(self, batch: _Batch) -> Child | None:
        for child in [one for one in self._children if one not in batch.running]:
            if child.fork_server.is_alive:
                return child
            self._discard(child)
        return None

    def _start_child(self, module: str) -> Child:
        self._stop_if_cancelled()
        if not self._fork_servers or not self._fork_servers[-1].is_alive:
            self._fork_servers.append(ForkServer(module, cancel=self._cancel))
        child = Child(self._fork_servers[-1], self._memory_mb)
        self._children.append(child)
        return child

    def _call_server(self, imports: tuple[str, ...]) -> ForkServer:
        self._stop_if_cancelled()
        server = self._call_servers.get(imports)
        if server is None or not server.is_alive:
            if server is not None:
                server.close()
            server = self._call_servers[imports] = ForkServer(*imports, cancel=self._cancel)
        return server

    def _discard(self, child: Child) -> None:
        child.end()
        self._children.remove(child)

    def _stop_if_cancelled(self) -> None:
        if self._cancel.is_set():
            raise CancelledError("the audit was cancelled")

    def _wait_for_messages(self, batch: _Batch) -> list[Child]:
        by_connection: dict[Any, Child] = {child.connection: child for child in batch.running}
        ready = [by_connection[connection] for connection in wait(list(by_connection), POLL_SECONDS)]
        if not ready:
            for child in batch.running:
                child.kill_if_silent(_SILENCE_GRACE_SECONDS)
        return ready

    def _handle_message(self, child: Child, batch: _Batch) -> Iterator[ItemResult[Any, Any]]:
        job = batch.running[child]
        message = child.receive()
        if isinstance(message, Death):
            del batch.running[child]
            self._discard(child)
            if child.is_ready:
                yield from self._report_death(message, job, batch)
            else:
                self._count_lost_start(f"{message.detail}: {child.fork_server.last_error_text()}")
                batch.interrupted.append(job)
            return
        self._lost_starts = 0
        if message[0] == "ready":
            return
        for position, value in message[1]:
            if position not in job.done:
                job.done.add(position)
                job.losses = 0
                yield ItemResult(job.task, position, value)
        if message[0] == "raised":
            del batch.running[child]
            yield self._fail_item(job, message[2], Failure("raised", message[3]), batch)
        elif message[0] == "end":
            del batch.running[child]

    def _count_lost_start(self, detail: str) -> None:
        self._lost_starts += 1
        if self._lost_starts > _LOST_STARTS_A_JOB * self.jobs:
            raise WorkerError(
                f"{self._lost_starts} worker processes in a row ended before their first task: {detail}. "
                "Is there enough memory?"
            )

    def _report_death(self, death: Death, job: _Job, batch: _Batch) -> Iterator[ItemResult[Any, Any]]:
        position = job.next_undone() if death.position == NO_ITEM else death.position
        if death.kind == "killed" or death.position == NO_ITEM:
            job.kills[position] = job.kills.get(position, 0) + 1
            if job.kills[position] < _KILLED_TWICE:
                batch.interrupted.append(job)
                return
        kind = "crashed" if death.kind == "killed" else death.kind
        yield self._fail_item(job, position, Failure(kind, death.detail), batch)

    def _fail_item(self, job: _Job, position: int, failure: Failure, batch: _Batch) -> ItemResult[Any, Any]:
        # A function that fails before it comes to an item, whatever is done already, would be called for ever.
        job.losses += 1
        if job.losses >= _LOSSES_IN_A_ROW:
            return ItemResult(job.task, position, None, Failure("abandoned", failure.detail))
        job.done.add(position)
        batch.interrupted.append(job)
        return ItemResult(job.task, position, None, failure)
