"""Every request comes in first; it is refused, or goes on with its address, and its answer is made safe."""

from __future__ import annotations

import logging
import time
from http.cookies import SimpleCookie
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kvqa_audit.web.metrics import Metrics
from kvqa_audit.web.settings import WebSettings

LOG = logging.getLogger("kvqa_audit.web")
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
_PROBES = ("/healthz", "/readyz")
_HEADERS = {
    "Content-Security-Policy": PAGE_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cache-Control": "no-store",
}


class Guard:
    """The outermost layer: host names, sizes, headers, the session's cookie, and one line of log a request."""

    def __init__(self, app: ASGIApp, settings: WebSettings, metrics: Metrics) -> None:
        self._app, self._settings, self._metrics = app, settings, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.perf_counter(), 500
        scope.setdefault("state", {})["address"] = self._address(scope)

        async def safe_send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self._make_safe(scope, MutableHeaders(scope=message))
            await send(message)

        try:
            await self._guarded(scope, receive, safe_send)
        finally:
            seconds = time.perf_counter() - started
            route = getattr(scope.get("route"), "path", "none")
            self._metrics.answered(scope["method"], route, status, seconds)
            about = {"method": scope["method"], "path": scope["path"], "status": status, "ms": round(seconds * 1000, 1)}
            LOG.info("request", extra={"fields": {**about, **scope["state"].get("log", {})}})

    async def _guarded(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        host = headers.get("host", "").rpartition("@")[2]
        name = host[: host.index("]") + 1] if host.startswith("[") and "]" in host else host.partition(":")[0]
        if name.casefold() not in self._settings.hosts and scope["path"] not in _PROBES:
            words = "This service does not answer to this name; add it to the names of its configuration.\n"
            await PlainTextResponse(words, 421)(scope, receive, send)
            return
        limit, came = self._settings.max_body_bytes, 0
        told = headers.get("content-length", "0")
        is_too_large = not told.isdigit() or int(told) > limit

        async def counted() -> Message:
            nonlocal came
            message = await receive()
            came += len(message.get("body", b""))
            if is_too_large or came > limit:
                # A kind of error that parsers of bodies let pass.
                raise HTTPException(413, f"A request may bring {limit:,} bytes.")
            return message

        await self._app(scope, counted, send)

    def _address(self, scope: Scope) -> str:
        """Who asks: the nearest address that is not the proxy's own."""
        peer: str = scope["client"][0] if scope.get("client") else ""
        proxy = self._settings.proxy
        scope["state"]["by_proxy"] = proxy is not None and proxy.is_it(peer)
        if proxy is None or not scope["state"]["by_proxy"]:
            return peer
        passed = [one.strip() for one in Headers(scope=scope).get("x-forwarded-for", "").split(",") if one.strip()]
        return next((one for one in reversed(passed) if not proxy.is_it(one)), peer)

    def _make_safe(self, scope: Scope, headers: MutableHeaders) -> None:
        for name, value in _HEADERS.items():
            headers.setdefault(name, value)
        if self._settings.https:
            headers["Strict-Transport-Security"] = "max-age=31536000"
        session = scope["state"].get("new_session")
        if session is not None:
            headers.append("Set-Cookie", self._cookie(session))

    def _cookie(self, session: str) -> str:
        cookie: SimpleCookie = SimpleCookie()
        cookie[self._settings.cookie] = session
        morsel = cookie[self._settings.cookie]
        about: dict[str, Any] = {"path": "/", "httponly": True, "samesite": "Lax", "secure": self._settings.https}
        morsel.update(about if session else {**about, "max-age": 0})
        return morsel.OutputString()
