"""A task comes in to a worker of the cluster; its results, each made by a guarded child of that worker, go out."""

from __future__ import annotations

import os
import platform
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from typing import Any

from kvqa_audit.engine.call import Call, Outcome
from kvqa_audit.engine.executor import EngineError, Failure
from kvqa_audit.engine.local import LocalPool

# What the results of a stage may hang on besides its input.
_DISTRIBUTIONS = ("kvqa-audit", "numpy", "pillow", "scipy")
# Position of the item, its value, and the failure that it has instead.
Answer = tuple[int, Any, Failure | None]


@dataclass(frozen=True, slots=True)
class Order:
    """One task, what works on it, and under which limits and versions it has to be done."""

    function: Callable[..., Iterator[Any]]
    task: Any
    item_timeout_seconds: float
    memory_mb: int
    versions: tuple[str, ...]


def work(order: Order, *shared: Any) -> Outcome:
    """The list of `Answer`s to one task, or why this worker cannot give them.

    The child is a new one for each task, so that nothing of a task is left for the next one in a reused worker.
    """
    return Call(_answers, (order, shared)).outcome()


@lru_cache(maxsize=1)
def versions() -> tuple[str, ...]:
    """What has to be the same on all machines for their results to be the same."""
    return (f"Python {platform.python_version()}", *(f"{name} {version(name)}" for name in _DISTRIBUTIONS))


def _answers(order: Order, shared: tuple[Any, ...]) -> list[Answer]:
    _make_sure_results_are_the_same(order)
    pool = _pool(order.memory_mb)
    try:
        things = [pool.share(thing) for thing in shared]
        limit = order.item_timeout_seconds
        results = pool.map_unordered(order.function, [order.task], *things, item_timeout_seconds=limit)
        return [(one.position, one.value, one.failure) for one in results]
    finally:
        pool.renew()


@lru_cache(maxsize=1)
def _pool(memory_mb: int) -> LocalPool:
    """What this worker's children are forked of: it has imported what they need, and nothing else was done in it."""
    return LocalPool(1, memory_mb=memory_mb)


def _make_sure_results_are_the_same(order: Order) -> None:
    """
    Raises:
        EngineError: this worker has other versions, or does not see the files.
    """
    pairs = zip(versions(), order.versions, strict=True)
    if other := [f"{ours} instead of {asked}" for ours, asked in pairs if ours != asked]:
        raise EngineError(
            f"{socket.gethostname()}: has {', '.join(other)}, and might find something else. Install the same versions "
            "on all machines of the cluster."
        )
    for path in getattr(order.task, "local_paths", ()):
        if not os.path.exists(path):  # noqa: PTH110 - one call for each task
            raise EngineError(
                f"{path}: is not there on {socket.gethostname()}, a machine of the cluster. Put the dataset into "
                "object storage, or on a file system that all machines have at the same place."
            )
