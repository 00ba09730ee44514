"""A stage of the package and its arguments come in; its outcome goes out, worked out in a pool of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from kvqa_audit.engine.local import LocalPool

T = TypeVar("T")


def in_children(
    stage: Callable[..., T],
    *arguments: Any,
    jobs: int = 1,
    item_timeout_seconds: float = 20.0,
    memory_mb: int = 2048,
    **given: Any,
) -> T:
    """Calls a stage with a pool of `jobs` children that ends with it."""
    with LocalPool(jobs, item_timeout_seconds=item_timeout_seconds, memory_mb=memory_mb) as pool:
        return stage(*arguments, pool=pool, **given)
