"""The settings of a web process come in; what its pages and its API work with goes out."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from anyio import CapacityLimiter
from fastapi import Request
from sqlalchemy import Connection

from kvqa_audit.access.audit_log import log
from kvqa_audit.access.logins import Logins
from kvqa_audit.access.passwords import Passwords
from kvqa_audit.jobs.job_store import JobStore
from kvqa_audit.reviews.decisions_writer import DecisionsWriter
from kvqa_audit.reviews.studios import Studios
from kvqa_audit.store.runs import RunStore
from kvqa_audit.web.decision_texts import DecisionTexts
from kvqa_audit.web.metrics import Metrics
from kvqa_audit.web.settings import WebSettings

_WAITING_AT_ONCE = 40


@dataclass(frozen=True)
class Site:
    """One web process: its settings, the open store, and what verifies passwords.

    Attributes:
        settings: as they were given.
        store: datasets, schedules and jobs; also the transactions of users and the audit log.
        runs: finished audits.
        report_key: what links into reports are signed with, the same in all web processes.
        studios: what lays out the findings of runs and draws their pictures, in processes of its own.
        writer: puts what reviewers settled into the texts of decisions.
        decisions: what these texts hold.
        waiting: bounds the threads of those who wait for studios and passwords, beside those of the pages.
    """

    settings: WebSettings
    store: JobStore
    runs: RunStore
    report_key: bytes
    studios: Studios
    writer: DecisionsWriter
    decisions: DecisionTexts = field(default_factory=DecisionTexts)
    passwords: Passwords = field(default_factory=Passwords)
    metrics: Metrics = field(default_factory=Metrics)
    waiting: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(_WAITING_AT_ONCE))

    @property
    def logins(self) -> Logins:
        return Logins(self.store.reading, self.store.writing, self.passwords)

    def now(self) -> datetime:
        """The time of the store."""
        with self.store.reading() as connection:
            return self.store.clock(connection)

    def log(self, request: Request, who: str, action: str, about: str = "", **more: object) -> None:
        """Adds a line to the audit log."""
        with self.store.writing() as connection:
            self.log_in(connection, request, who, action, about, **more)

    def log_in(
        self, connection: Connection, request: Request, who: str, action: str, about: str = "", **more: object
    ) -> None:
        """The same, in the transaction of what it tells."""
        dataset = more.pop("dataset", None)
        log(
            connection,
            who,
            action,
            dataset=dataset if isinstance(dataset, int) else None,
            about=about,
            detail=more,
            address=request.state.address,
            now=self.store.clock(connection),
        )


def site_of(request: Request) -> Site:
    """The site that answers a request."""
    site: Site = request.app.state.site
    return site
