"""A store with 5,000 runs and 50,000 findings comes in; how long pages take with 20 users at once goes out.

`python -m tests.benches.bench_serve [--runs 5000] [--findings 50000] [--users 20] [--requests 20]`: a real web process
on SQLite, and on PostgreSQL where a server is installed; both in one run.
"""

from __future__ import annotations

import argparse
import http.client
import os
import random
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import insert, update

from kvqa_audit.access.sessions import begin_session
from kvqa_audit.access.users import add_user
from kvqa_audit.jobs.datasets import register_dataset
from kvqa_audit.jobs.job_store import JobStore
from kvqa_audit.jobs.schedules import add_schedule
from kvqa_audit.model import FindingStatus, OutcomeStatus, Severity
from kvqa_audit.store.access_tables import AUDIT_LOG, USERS, Role
from kvqa_audit.store.job_records import Cause, DatasetSettings, JobState, ScheduleSettings
from kvqa_audit.store.job_tables import JOBS
from kvqa_audit.store.records import RunState
from kvqa_audit.store.run_rows import series_id
from kvqa_audit.store.tables import FINDINGS, OUTCOMES, RUNS
from tests.postgres_server import new_database, running_postgres, server_programs
from tests.processes import descendants

DATASETS = 100
START = datetime(2026, 1, 1, tzinfo=UTC)


def fill(place: str, data: Path, runs: int, findings: int) -> tuple[str, int]:
    """Fills a store; a session's secret, and the audit that has most findings."""
    with JobStore(place) as store:
        known = [register_dataset(store, DatasetSettings(f"dataset {n:03}", f"/data/{n}")) for n in range(DATASETS)]
        for one in known:
            add_schedule(store, one.id, ScheduleSettings("0 3 * * *"))
        with store.writing() as connection:
            series = {one.id: series_id(connection, "default", one.settings.name) for one in known}
            rows = [(number, known[number % DATASETS].id) for number in range(runs)]
            connection.execute(
                insert(RUNS), [_run(number, series[dataset], number // DATASETS + 1) for number, dataset in rows]
            )
            made = connection.execute(insert(JOBS).returning(JOBS.c.id), [_job(*row) for row in rows]).scalars().all()
            for start in range(0, findings, 5_000):
                part = range(start, min(start + 5_000, findings))
                connection.execute(insert(FINDINGS), [_finding(0 if n % 2 else n % runs, n) for n in part])
            outcome = {
                "code": "KV008",
                "position": 0,
                "name": "x",
                "severity": Severity.ERROR,
                "evaluated": 9,
                "violations": 9,
            }
            outcome |= {"outcome": OutcomeStatus.FAILED, "waived": 0, "seconds": 0.1}
            connection.execute(insert(OUTCOMES), [{**outcome, "run": _id(number)} for number in range(runs)])
            now = store.clock(connection)
            user = add_user(connection, "bench", Role.ADMIN, now)
            connection.execute(update(USERS).values(password="x"))
            line = {"at": now, "who": "bench", "action": "started", "about": "x", "detail": {}}
            connection.execute(insert(AUDIT_LOG), [line] * 5_000)
            secret = begin_session(connection, user, now)
    return secret, min(made)


def _id(number: int) -> str:
    return f"{number:032x}"


def _run(number: int, series: int, of_series: int) -> dict[str, object]:
    at = START + timedelta(hours=of_series)
    counts = {
        "findings": 10,
        "errors": 3,
        "warnings": 5,
        "notices": 2,
        "waived": 0,
        "new": 1,
        "resolved": 1,
        "still_open": 9,
    }
    return {
        "id": _id(number), "series": series, "state": RunState.FINISHED, "dataset": "d", "location": "/d",
        "started_at": at, "finished_at": at, "number": of_series, "rows": 1000, "images": 100, "exit_code": 1,
        "verdict": "not ready", **counts,
    }  # fmt: skip


def _job(number: int, dataset: int) -> dict[str, object]:
    return {
        "dataset": dataset, "run": _id(number), "cause": Cause.SCHEDULE, "state": JobState.DONE, "queued_at": START,
        "not_before": START, "finished_at": START, "attempts": 1, "max_attempts": 3, "fence": 1, "cancel_asked": False,
        "watch": False, "last_event": 0,
    }  # fmt: skip


def _finding(run: int, position: int) -> dict[str, object]:
    about = {
        "img_id": f"image {position}",
        "question": "How many?",
        "answer": "3",
        "message": "is not an answer to this",
    }
    return {
        "run": _id(run), "position": position, "key": f"{position:016x}", "check": "KV008", "severity": Severity.ERROR,
        "status": FindingStatus.OPEN, "related": [], "evidence": {}, **about,
    }  # fmt: skip


@contextmanager
def web_process(place: str, data: Path) -> Iterator[tuple[int, int]]:
    """A web process without workers: its port, and its process id."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "kvqa_audit", "serve", "--data", str(data), "--store", place, "--port", str(port)]
    environment = {**os.environ, "KVQA_SERVE_WORKERS": "0"}
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment)
    try:
        while not _is_ready(port):
            time.sleep(0.1)
        yield port, next(iter(descendants(process.pid)))
    finally:
        process.terminate()
        process.wait()


def _is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def measured(port: int, secret: str, path: str, users: int, requests: int, think: float = 0) -> list[float]:
    """How many milliseconds each request took, of that many users at once who think so many seconds in between."""

    def ask(_: int) -> list[float]:
        connection, took = http.client.HTTPConnection("127.0.0.1", port, timeout=60), []
        for _ in range(requests):
            begun = time.perf_counter()
            connection.request("GET", path, headers={"Cookie": f"kvqa={secret}"})
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 200, (path, answer.status)
            took.append(1000 * (time.perf_counter() - begun))
            time.sleep(think * random.uniform(0.5, 1.5))
        connection.close()
        return took

    with ThreadPoolExecutor(users) as pool:
        return [one for part in pool.map(ask, range(users)) for one in part]


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, usual in (("runs", 5_000), ("findings", 50_000), ("users", 20), ("requests", 20)):
        parser.add_argument(f"--{name}", type=int, default=usual)
    given = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        places = {"SQLite": str(folder / "service.sqlite")}
        if server_programs():
            places["PostgreSQL"] = new_database(stack.enter_context(running_postgres()))
        for database, place in places.items():
            data = folder / database
            data.mkdir()
            secret, audit = fill(place, data, given.runs, given.findings)
            with web_process(place, data) as (port, pid):
                for path in ("/", "/datasets/1", f"/audits/{audit}/findings", "/log", "/api/v1/datasets"):
                    measured(port, secret, path, 1, 3)
                    alone = statistics.median(measured(port, secret, path, 1, given.requests))
                    several, hasty = (
                        statistics.quantiles(measured(port, secret, path, given.users, given.requests, think), n=20)[-1]
                        for think in (1.0, 0.0)
                    )
                    print(
                        f"{database:10} {path:24} alone {alone:6.1f} ms; p95 of {given.users} users "
                        f"{several:6.0f} ms, {hasty:6.0f} ms without a second of thinking"
                    )
                status = Path(f"/proc/{pid}/status").read_text()
                peak = re.search(r"VmHWM:\s+(\d+)", status)
                assert peak
                print(f"{database:10} web process: {int(peak[1]) / 1024:.0f} MB at most")


if __name__ == "__main__":
    main()
