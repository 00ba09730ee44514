"""Datasets whose reviewers settled something come in; their texts of decisions are written anew a moment later."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, field

from kvqa_audit.errors import KvqaAuditError
from kvqa_audit.jobs.dataset_decisions import bring_up_to_date
from kvqa_audit.jobs.job_store import JobStore

LOG = logging.getLogger("kvqa_audit.reviews")


@dataclass
class DecisionsWriter:
    """Puts what reviewers settled into the texts of their datasets, a moment after it was said."""

    store: JobStore
    after_seconds: float = 5.0
    _waiting: set[int] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _timer: threading.Timer | None = None

    def soon(self, number: int) -> None:
        """Writes the decisions of a dataset soon, with all that are made until then."""
        with self._lock:
            self._waiting.add(number)
            if self._timer is None:
                self._timer = threading.Timer(self.after_seconds, self.now)
                self._timer.daemon = True
                self._timer.start()

    def now(self) -> None:
        """Writes what waits; what cannot be written now is written before somebody reads it."""
        with self._lock:
            waiting, self._waiting, self._timer = self._waiting, set(), None
        for number in waiting:
            try:
                bring_up_to_date(self.store, number)
            except KvqaAuditError as error:
                LOG.error("the decisions of dataset %s: %s", number, error)
