"""What happens in a web process comes in; counters as Prometheus reads them go out."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, PlatformCollector, ProcessCollector
from prometheus_client.exposition import generate_latest

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """The counters of one web process; what all processes share is read from the store when it is asked for."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)
        self._answers = Counter(
            "kvqa_http_requests_total", "Answered requests.", ("method", "route", "status"), registry=self._registry
        )
        self._seconds = Histogram(
            "kvqa_http_request_seconds", "Time to the end of an answer.", ("route",), registry=self._registry
        )
        self._jobs = Gauge("kvqa_jobs", "Audits by state.", ("state",), registry=self._registry)
        self._onlookers = Gauge("kvqa_event_streams", "Onlookers of running audits.", registry=self._registry)

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        self._answers.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def streams(self, change: int) -> None:
        self._onlookers.inc(change)

    def told(self, jobs: dict[str, int]) -> bytes:
        """All of them as text; `jobs` counts the audits in the store by state."""
        for state, number in jobs.items():
            self._jobs.labels(state).set(number)
        return generate_latest(self._registry)
