"""Functions and tasks come in; results go out: an executor of Ray Core tasks on the machines of a cluster.

The only door to the library `ray`. A task that was lost with its worker or its machine is done again elsewhere.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from kvqa_audit.engine.executor import EngineError, Failure, Future, ItemResult, Shared, TaskT, ValueT, WorkerError
from kvqa_audit.engine.fork_server import POLL_SECONDS
from kvqa_audit.engine.local import LocalPool
from kvqa_audit.engine.ray_task import Order, versions, work
from kvqa_audit.errors import CancelledError

LOCAL = "local"
_LOSSES = 5
_TASKS_A_PROCESSOR = 2
_COUNT_PROCESSORS_AFTER_SECONDS = 2.0
_WITHOUT_PROCESSORS_SECONDS = 600.0
_STORE_BYTES = 512 << 20
# What Ray is told before it is imported: send no statistics, and let nobody in without the token.
_SETTINGS = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_MODE": "token"}


@dataclass
class _Job:
    task: Any
    order: Order
    losses: int = 0


class RayPool:
    """Ray Core tasks, in each of which a guarded child works; an `Executor` for one thread at a time.

    Use it as a context manager. What is submitted is worked on by this machine, because it comes with the whole table.

    Args:
        address: HOST:PORT of a running cluster that this machine belongs to, or `local` for one on this machine alone,
            that ends with the pool.
        processors: how many of this machine a local one may use.
        item_timeout_seconds, memory_mb, cancel: as for `LocalPool`.

    Raises:
        EngineError: Ray is not installed, or there is no cluster at the address.
    """

    def __init__(
        self,
        address: str,
        *,
        processors: int = 1,
        item_timeout_seconds: float = 20.0,
        memory_mb: int = 2048,
        cancel: threading.Event | None = None,
    ) -> None:
        self._timeout_seconds = item_timeout_seconds
        self._memory_mb = memory_mb
        self._cancel = cancel or threading.Event()
        self._beside = LocalPool(1, cancel=cancel)
        self._shared: list[Any] = []
        self._processors, self._counted_at, self._had_some_at = 0, 0.0, time.monotonic()
        self._folder = tempfile.TemporaryDirectory(prefix="kvqa-ray-", ignore_cleanup_errors=True)
        try:
            self._ray = _connected(address, processors, self._folder.name)
        except BaseException:
            self._folder.cleanup()
            raise
        self._work = self._ray.remote(num_cpus=1, max_retries=_LOSSES)(work)

    def __enter__(self) -> RayPool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self, module: str) -> None:
        """Nothing: a worker imports what its first task needs."""

    def share(self, thing: Any) -> Shared:
        """As `Executor.share`."""
        self._shared.append(self._ray.put(thing))
        return Shared(len(self._shared) - 1)

    def map_unordered(
        self,
        function: Callable[..., Iterator[ValueT]],
        tasks: Iterable[TaskT],
        *shared: Shared,
        item_timeout_seconds: float | None = None,
    ) -> Iterator[ItemResult[TaskT, ValueT]]:
        """As `Executor.map_unordered`; the values of a task come together, when it is done."""
        limit = self._timeout_seconds if item_timeout_seconds is None else item_timeout_seconds
        things = [self._shared[one.number] for one in shared]
        jobs = (_Job(task, Order(function, task, limit, self._memory_mb, versions())) for task in tasks)
        lost: deque[_Job] = deque()
        in_work: dict[Any, _Job] = {}
        try:
            while True:
                self._stop_if_cancelled()
                while len(in_work) < _TASKS_A_PROCESSOR * max(1, self._count_processors()):
                    job = lost.popleft() if lost else next(jobs, None)
                    if job is None:
                        break
                    in_work[self._work.remote(job.order, *things)] = job
                if not in_work:
                    return
                for ref in self._ray.wait(list(in_work), timeout=POLL_SECONDS)[0]:
                    yield from self._results(ref, in_work.pop(ref), lost)
        finally:
            for ref in in_work:
                self._ray.cancel(ref)

    def submit(self, function: Callable[..., Any], *arguments: Any, imports: Sequence[str] = ()) -> Future:
        """As `Executor.submit`, on this machine."""
        return self._beside.submit(function, *arguments, imports=imports)

    def release(self) -> None:
        """Gives back what was shared; Ray itself ends workers that it does not need."""
        self._shared = [None] * len(self._shared)

    def close(self) -> None:
        """Ends what is in work and the connection, and a local cluster with it."""
        self._beside.close()
        self._ray.shutdown()
        self._folder.cleanup()

    def _results(self, ref: Any, job: _Job, lost: deque[_Job]) -> Iterator[ItemResult[Any, Any]]:
        try:
            answers = self._ray.get(ref).unwrap()
        except self._ray.exceptions.RayError as error:
            job.losses += 1
            if job.losses < _LOSSES:
                lost.append(job)
            else:
                detail = f"{type(error).__name__}: lost with its worker {job.losses} times"
                yield ItemResult(job.task, 0, None, Failure("abandoned", detail))
            return
        for position, value, failure in answers:
            yield ItemResult(job.task, position, value, failure)

    def _count_processors(self) -> int:
        """How many the cluster has, which machines join and leave.

        Raises:
            WorkerError: it has had none for a long time.
        """
        now = time.monotonic()
        if not self._counted_at or now - self._counted_at > _COUNT_PROCESSORS_AFTER_SECONDS:
            self._processors, self._counted_at = int(self._ray.cluster_resources().get("CPU", 0)), now
        if self._processors:
            self._had_some_at = now
        elif now - self._had_some_at > _WITHOUT_PROCESSORS_SECONDS:
            raise WorkerError(
                f"the Ray cluster has had no processor for {_WITHOUT_PROCESSORS_SECONDS:g} s. Add a machine to it, and "
                "audit again: what was found out about images is kept."
            )
        return self._processors

    def _stop_if_cancelled(self) -> None:
        if self._cancel.is_set():
            raise CancelledError("the audit was cancelled")


def _connected(address: str, processors: int, folder: str) -> Any:
    """The library, connected to a cluster.

    Raises:
        EngineError: as for `RayPool`.
    """
    given: dict[str, Any] = {"address": address}
    os.environ.update({**_SETTINGS, **{name: os.environ[name] for name in _SETTINGS if name in os.environ}})
    if address == LOCAL:
        # A token of our own leaves none in the user's home, and one that the user has set is good, too.
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
        given |= {
            "num_cpus": processors,
            "object_store_memory": _STORE_BYTES,
            "include_dashboard": False,
            "_temp_dir": folder,
            "_node_ip_address": "127.0.0.1",
        }
    try:
        import ray
    except ImportError:
        raise EngineError(
            "The engine 'ray' needs the extra of that name. Install it with: pip install 'kvqa-audit[ray]'"
        ) from None
    handler = signal.getsignal(signal.SIGTERM)
    try:
        ray.init(**given, log_to_driver=False, logging_level="CRITICAL")
    except Exception as error:  # Ray raises a bare one where it does not start in time
        ray.shutdown()
        raise EngineError(
            f"{address}: no Ray cluster can be used there ({str(error).splitlines()[0][:300]}). Give HOST:PORT of one "
            f"that this machine belongs to, as `ray start` says it, or {LOCAL!r} to begin one here."
        ) from error
    finally:
        with contextlib.suppress(ValueError):  # not the main thread, in which alone Ray takes the signal
            signal.signal(signal.SIGTERM, handler)
    return ray
