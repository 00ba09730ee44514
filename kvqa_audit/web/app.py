"""Settings come in; the web application with its pages, its API and its probes goes out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.resources import files
from ipaddress import ip_address
from urllib.parse import quote

from anyio.to_thread import current_default_thread_limiter
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import PlainTextResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

import kvqa_audit
from kvqa_audit.errors import KvqaAuditError, StoreError
from kvqa_audit.jobs.job_store import JobStore
from kvqa_audit.reviews.decisions_writer import DecisionsWriter
from kvqa_audit.reviews.studios import Studios
from kvqa_audit.store.runs import RunStore
from kvqa_audit.web import events, reports
from kvqa_audit.web.api import router as api
from kvqa_audit.web.api.problems import described, problem, validation_problem
from kvqa_audit.web.audits import counts_by_state
from kvqa_audit.web.errors import LoginNeededError, headers_of, status_of
from kvqa_audit.web.guard import Guard
from kvqa_audit.web.metrics import CONTENT_TYPE
from kvqa_audit.web.pages import audits, datasets, gate, login, people, reviewers, reviews
from kvqa_audit.web.rendering import page
from kvqa_audit.web.settings import WebSettings
from kvqa_audit.web.site import Site, site_of
from kvqa_audit.web.who import caller_of, logged_in, make_sure_to_administer

API = "/api/v1"
_THREADS = 8
_STATIC = {
    "report.css": ("kvqa_audit.report", "templates/report.css", "text/css"),
    "service.css": ("kvqa_audit.web", "static/service.css", "text/css"),
    "service.js": ("kvqa_audit.web", "static/service.js", "text/javascript"),
    "review.css": ("kvqa_audit.web", "static/review.css", "text/css"),
    **{
        name: ("kvqa_audit.web", f"static/{name}", "text/javascript")
        for name in ("review.js", "review_outbox.js", "review_pictures.js", "review_words.js", "review_many.js")
    },
}


@dataclass(frozen=True)
class Application:
    """What a server calls, and a way to let onlookers of running audits go before it ends."""

    guarded: ASGIApp
    app: FastAPI

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.guarded(scope, receive, send)

    @property
    def site(self) -> Site:
        site: Site = self.app.state.site
        return site

    def end_streams(self) -> None:
        """Ends the streams of events; browsers come again on their own."""
        self.app.state.ending = True


def create_app(settings: WebSettings) -> Application:
    """Opens the store and makes the application of one web process.

    Raises:
        StoreError: the store cannot be opened.
    """
    store, runs, key = JobStore(settings.store), RunStore(settings.store), reports.report_key(settings.data)
    site = Site(settings, store, runs, key, Studios(settings.store), DecisionsWriter(store))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        # Python runs one thread at a time: more of them would only take it from each other, and all be late. Handlers
        # that wait for other processes have threads of their own.
        current_default_thread_limiter().total_tokens = _THREADS
        with site.store, site.runs:
            yield
            site.studios.close()
            site.writer.now()

    app = FastAPI(
        title="kvqa-audit",
        version=kvqa_audit.__version__,
        summary="Datasets, schedules, audits and access of a kvqa-audit service.",
        openapi_url=f"{API}/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.site, app.state.ending = site, False
    openapi = app.openapi
    app.openapi = lambda: described(openapi())  # type: ignore[method-assign]
    app.include_router(api, prefix=API)
    for part in (login, datasets, audits, gate, reviews, reviewers, people, events, reports):
        app.include_router(part.router, include_in_schema=False)
    _add_probes(app)
    app.add_exception_handler(KvqaAuditError, _told)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _not_valid)
    return Application(Guard(app, settings, site.metrics), app)


def _add_probes(app: FastAPI) -> None:
    @app.get("/healthz", include_in_schema=False)
    async def healthz() -> PlainTextResponse:
        return PlainTextResponse("ok\n")

    @app.get("/readyz", include_in_schema=False)
    def readyz(request: Request) -> PlainTextResponse:
        try:
            site_of(request).now()
        except StoreError:
            return PlainTextResponse("the store does not answer\n", 503)
        return PlainTextResponse("ready\n")

    @app.get("/metrics", include_in_schema=False)
    def metrics(request: Request) -> Response:
        """For a collector on this machine, or one that brings an administrator's token."""
        site = site_of(request)
        if not _is_local(request.state.address):
            make_sure_to_administer(logged_in(caller_of(request)))
        return Response(site.metrics.told(counts_by_state(site)), media_type=CONTENT_TYPE)

    @app.get("/static/{name}", include_in_schema=False)
    def static(name: str) -> Response:
        if name not in _STATIC:
            raise HTTPException(404)
        package, path, kind = _STATIC[name]
        headers = {"Cache-Control": "no-cache"}
        return Response(files(package).joinpath(path).read_bytes(), media_type=kind, headers=headers)


def _is_local(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


def _told(request: Request, error: Exception) -> Response:
    assert isinstance(error, KvqaAuditError)
    status, title = status_of(error)
    if request.url.path.startswith(API):
        return problem(status, title, str(error), headers_of(error))
    if isinstance(error, LoginNeededError) and request.method == "GET":
        then = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"/login?then={quote(then)}", 303)
    return _error_page(request, status, title, str(error), headers_of(error))


def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    words = {404: "There is no such page.", 405: "This cannot be asked for in this way."}
    said = words.get(error.status_code, str(error.detail))
    title = {404: "Not there", 405: "Not possible"}.get(error.status_code, "Not possible")
    if request.url.path.startswith(API):
        return problem(error.status_code, title, said, error.headers)
    return _error_page(request, error.status_code, title, said, error.headers)


def _not_valid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    if request.url.path.startswith(API):
        return validation_problem(error)
    return _error_page(request, 422, "Not possible", "This address or form holds something that is not expected.", None)


def _error_page(request: Request, status: int, title: str, words: str, headers: object) -> Response:
    try:
        caller = caller_of(request)
    except KvqaAuditError:
        caller = None
    answer = page(request, "error.html.j2", caller, status, title=title, words=words)
    if isinstance(headers, dict):
        answer.headers.update(headers)
    return answer
