"""A running audit comes in; its events go out as they happen, from where an onlooker left off.

An onlooker who does not read is let go after a while; a browser comes again and names the last event it has seen.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from kvqa_audit.jobs.events import events_after
from kvqa_audit.jobs.queue import job
from kvqa_audit.store.job_records import Event, EventKind, JobState
from kvqa_audit.web.audits import seen_audit
from kvqa_audit.web.site import Site, site_of
from kvqa_audit.web.who import Caller, somebody

router = APIRouter()
POLL_S, PING_EVERY_S, SEND_WITHIN_S = 0.4, 15.0, 20.0


class EventStream(Response):
    """Server-sent events of one audit."""

    media_type = "text/event-stream"

    def __init__(self, site: Site, number: int, position: int) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._site, self._number, self._position = site, number, position

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._site.metrics.streams(1)
        gone = asyncio.ensure_future(_until_gone(receive))
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            async for text in self._texts(scope, gone):
                message = {"type": "http.response.body", "body": text.encode(), "more_body": True}
                await asyncio.wait_for(send(message), SEND_WITHIN_S)
            await send({"type": "http.response.body", "body": b""})
        except (TimeoutError, OSError):
            pass  # the onlooker does not read, or is gone
        finally:
            gone.cancel()
            self._site.metrics.streams(-1)

    async def _texts(self, scope: Scope, gone: asyncio.Future[None]) -> AsyncIterator[str]:
        yield "retry: 1000\n\n"
        is_over = (await run_in_threadpool(job, self._site.store, self._number)).state.is_over
        quiet = 0.0
        while not gone.done() and not scope["app"].state.ending:
            found = await run_in_threadpool(events_after, self._site.store, self._number, self._position)
            for event in found:
                self._position = event.position
                if event.kind is EventKind.STATE:
                    is_over = JobState(event.body["state"]).is_over
                yield as_text(event)
            if found:
                continue
            if is_over:
                yield f"event: over\nid: {self._position}\ndata: {{}}\n\n"
                return
            quiet += POLL_S
            await asyncio.sleep(POLL_S)
            if quiet >= PING_EVERY_S:
                quiet = 0.0
                yield ": still here\n\n"


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def as_text(event: Event) -> str:
    """An event as it is sent; its body stands on one line, whatever is in it."""
    data = json.dumps({"at": event.at.isoformat(timespec="milliseconds"), **event.body})
    return f"event: {event.kind}\nid: {event.position}\ndata: {data}\n\n"


@router.get("/audits/{number}/events")
def events_page(
    request: Request,
    number: int,
    caller: Annotated[Caller, Depends(somebody)],
    last_event_id: Annotated[str, Header()] = "",
    after: int = 0,
) -> EventStream:
    """The events of an audit behind the last one that was seen."""
    return event_stream(request, caller, number, last_event_id, after)


def event_stream(request: Request, caller: Caller, number: int, last_event_id: str, after: int) -> EventStream:
    """The same, for pages and for programs."""
    site = site_of(request)
    seen_audit(site, caller, number)
    given = (
        int(last_event_id) if last_event_id.isascii() and last_event_id.isdigit() and len(last_event_id) < 10 else after
    )
    return EventStream(site, number, given)
