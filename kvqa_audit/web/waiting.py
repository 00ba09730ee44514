"""A handler that waits for other processes comes in; one that does so on threads apart from those of pages goes out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial, wraps
from typing import Any, TypeVar

from anyio.to_thread import run_sync

from kvqa_audit.web.site import site_of

Answer = TypeVar("Answer")


def apart(handler: Callable[..., Answer]) -> Callable[..., Awaitable[Answer]]:
    """The handler, which takes a `request`, run on one of the site's threads for those who wait."""

    @wraps(handler)
    async def waits(**given: Any) -> Answer:
        return await run_sync(partial(handler, **given), limiter=site_of(given["request"]).waiting)

    return waits
