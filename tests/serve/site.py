"""A store comes in; a real server on a port of its own, people who are logged in there, and finished audits go out."""

from __future__ import annotations

import html
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from kvqa_audit.access.roots import DatasetRoots
from kvqa_audit.access.sessions import make_link
from kvqa_audit.access.tokens import add_token
from kvqa_audit.access.users import add_user, user_named
from kvqa_audit.artifacts.folder import packed
from kvqa_audit.jobs.leases import claim, finish
from kvqa_audit.jobs.queue import start_job
from kvqa_audit.model import AuditRun
from kvqa_audit.release.standing import judge_audit, with_verdict
from kvqa_audit.spec.dataset_spec import DatasetSpec
from kvqa_audit.spec.release import Release
from kvqa_audit.store.access_tables import Role
from kvqa_audit.store.job_records import Job, JobState
from kvqa_audit.web.app import create_app
from kvqa_audit.web.settings import WebSettings
from kvqa_audit.web.site import Site

PASSWORD = "correct horse battery"
GIVE_UP_S = 120


@dataclass(frozen=True)
class Served:
    """A running web process: where it is, and what it works with."""

    url: str
    site: Site
    roots: Path
    opened: ExitStack

    def link_for(self, name: str, role: Role | None) -> str:
        """The address of a one-time link for a user, who is made where there is none."""
        store = self.site.store
        with store.writing() as connection:
            now = store.clock(connection)
            user = user_named(connection, name) or add_user(connection, name, role, now)
            return f"{self.url}/welcome/{make_link(connection, user, now)}"

    def person(self, name: str, role: Role | None = None) -> Person:
        """Somebody who has chosen a password and is logged in."""
        found = person_by(self.link_for(name, role))
        self.opened.callback(found.http.close)
        return found

    def program(self, name: str, role: Role | None = None, scope: str = "write") -> httpx.Client:
        """A client of the API with a token of this user."""
        store = self.site.store
        with store.writing() as connection:
            now = store.clock(connection)
            user = user_named(connection, name) or add_user(connection, name, role, now)
            label = f"{scope} {time.monotonic_ns()}"
            _, secret = add_token(connection, user, name=label, scope=scope, days=1, now=now)  # type: ignore[arg-type]
        headers = {"Authorization": f"Bearer {secret}"}
        return self.opened.enter_context(httpx.Client(base_url=f"{self.url}/api/v1/", headers=headers, timeout=60))

    def folder(self, name: str) -> str:
        """A folder that may be registered."""
        (self.roots / name).mkdir(exist_ok=True)
        return str(self.roots / name)

    def finished(self, dataset: int, run: AuditRun) -> Job:
        """An audit of a dataset that came to this, as a worker leaves it: in the store, and as files."""
        store = self.site.store
        wanted = start_job(store, dataset).id
        while (job := claim(store, "test", 60)) is not None and job.id != wanted:
            finish(store, job.id, job.fence, JobState.CANCELLED)
        assert job is not None
        assert job.run is not None
        spec = DatasetSpec.model_construct(release=Release())
        facts = replace(run.dataset, name=f"dataset {dataset}")
        run = replace(run, run_id=job.run, dataset=facts)
        run = with_verdict(run, judge_audit(run, spec))
        self.site.runs.finish(run)
        folder = self.site.settings.data / "runs" / job.run
        folder.mkdir(parents=True)
        for name, content in packed(run):
            (folder / name).write_bytes(content)
        (folder / "report.html").write_text("<!doctype html><title>report</title>")
        return finish(store, job.id, job.fence, JobState.DONE)


@dataclass(frozen=True)
class Person:
    """Somebody with a browser that keeps cookies and sends forms as our pages have them."""

    http: httpx.Client

    def get(self, path: str, **about: Any) -> httpx.Response:
        return self.http.get(path, **about)

    def send(self, path: str, fields: dict[str, str] | None = None, *, page: str | None = None) -> httpx.Response:
        """Sends a form, with the secret that the page carries on which it stands."""
        shown = self.http.get(page or path)
        if shown.status_code == 405:
            shown = self.http.get("/settings")
        found = re.search(r'name="csrf" value="([^"]+)"', shown.text)
        secret = html.unescape(found[1]) if found else ""
        return self.http.post(path, data={"csrf": secret, **(fields or {})})


def person_by(link: str) -> Person:
    """Somebody who comes by a one-time link."""
    url, _, path = link.partition("/welcome/")
    client = httpx.Client(base_url=url, timeout=60)
    done = client.post(f"/welcome/{path}", data={"password": PASSWORD, "again": PASSWORD})
    assert done.status_code == 303, done.text
    return Person(client)


def is_ready(url: str) -> bool:
    """Whether a web process answers there, and its store does."""
    try:
        return httpx.get(f"{url}/readyz").status_code == 200
    except httpx.HTTPError:
        return False


@contextmanager
def serving(place: str, folder: Path, **settings: Any) -> Iterator[Served]:
    """A web process's application, in a thread, on a free port of this machine."""
    roots = folder / "datasets"
    roots.mkdir(exist_ok=True)
    app = create_app(WebSettings(place, folder / "data", DatasetRoots((roots,), ("owner/*",)), **settings))
    config = uvicorn.Config(app, log_config=None, access_log=False, proxy_headers=False, timeout_graceful_shutdown=2)
    server = uvicorn.Server(config)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        until = time.monotonic() + GIVE_UP_S
        while not server.started:
            assert time.monotonic() < until
            time.sleep(0.01)
        try:
            with ExitStack() as opened:
                yield Served(f"http://127.0.0.1:{listening.getsockname()[1]}", app.site, roots, opened)
        finally:
            app.end_streams()
            server.should_exit = True
            thread.join()
