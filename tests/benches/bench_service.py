"""A service with 5,000 runs and 50,000 findings comes in, on SQLite and on PostgreSQL; all its figures go out.

`python -m tests.benches.bench_service [--users 20] [--requests 12] [--slots 1000] …`: pages of a real web process,
slots and jobs of real workers, and all that the API may be sent. PostgreSQL is left out where no server is installed.
What takes longer than `--limit` seconds in all is ended.
"""

from __future__ import annotations

import argparse
import http.client
import random
import signal
import statistics
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
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
from tests.benches import service_jobs
from tests.benches.service import databases, p95, peak_mb, processor_ms, web_process
from tests.serve.api_sweep import sweep

DATASETS = 100
START = datetime(2026, 1, 1, tzinfo=UTC)


def fill(place: str, runs: int, findings: int) -> tuple[str, int]:
    """Fills a store; a session's secret, and the audit that has most findings."""
    with JobStore(place) as store:
        known = [register_dataset(store, DatasetSettings(f"dataset {n:03}", f"/data/{n}")) for n in range(DATASETS)]
        for one in known:
            add_schedule(store, one.id, ScheduleSettings("0 3 * * *"))
        with store.writing() as connection:
            series = [series_id(connection, "default", one.settings.name) for one in known]
            connection.execute(insert(RUNS), [_run(n, series[n % DATASETS]) for n in range(runs)])
            jobs = insert(JOBS).returning(JOBS.c.id)
            made = connection.execute(jobs, [_job(n, known[n % DATASETS].id) for n in range(runs)]).scalars().all()
            for start in range(0, findings, 5_000):
                part = range(start, min(start + 5_000, findings))
                connection.execute(insert(FINDINGS), [_finding(0 if n % 2 else n % runs, n) for n in part])
            connection.execute(insert(OUTCOMES), [_outcome(n) for n in range(runs)])
            now = store.clock(connection)
            user = add_user(connection, "bench", Role.ADMIN, now)
            connection.execute(update(USERS).values(password="x"))
            line = {"at": now, "who": "bench", "action": "started", "about": "x", "detail": {}}
            connection.execute(insert(AUDIT_LOG), [line] * 5_000)
            secret = begin_session(connection, user, now)
    return secret, min(made)


def _run(number: int, series: int) -> dict[str, object]:
    at = START + timedelta(hours=number // DATASETS)
    counts = {"findings": 10, "errors": 3, "warnings": 5, "notices": 2, "waived": 0}
    counts |= {"new": 1, "resolved": 1, "still_open": 9}
    return {
        "id": f"{number:032x}", "series": series, "state": RunState.FINISHED, "dataset": "d", "location": "/d",
        "started_at": at, "finished_at": at, "number": number // DATASETS + 1, "rows": 1000, "images": 100,
        "exit_code": 1, "verdict": "not ready", **counts,
    }  # fmt: skip


def _job(number: int, dataset: int) -> dict[str, object]:
    return {
        "dataset": dataset, "run": f"{number:032x}", "cause": Cause.SCHEDULE, "state": JobState.DONE,
        "queued_at": START, "not_before": START, "finished_at": START, "attempts": 1, "max_attempts": 3, "fence": 1,
        "cancel_asked": False, "watch": False, "last_event": 0,
    }  # fmt: skip


def _finding(run: int, position: int) -> dict[str, object]:
    return {
        "run": f"{run:032x}", "position": position, "key": f"{position:016x}", "check": "KV008",
        "severity": Severity.ERROR, "status": FindingStatus.OPEN, "related": [], "evidence": {},
        "img_id": f"image {position}", "question": "How many?", "answer": "3", "message": "is not an answer to this",
    }  # fmt: skip


def _outcome(run: int) -> dict[str, object]:
    return {
        "run": f"{run:032x}", "code": "KV008", "position": 0, "name": "x", "severity": Severity.ERROR, "evaluated": 9,
        "violations": 9, "outcome": OutcomeStatus.FAILED, "waived": 0, "seconds": 0.1,
    }  # fmt: skip


def asked(port: int, secret: str, path: str, users: int, requests: int, pause_s: float = 0) -> list[float]:
    """How many milliseconds each request took, of that many users at once who pause so long in between."""

    def ask(_: int) -> list[float]:
        connection, took = http.client.HTTPConnection("127.0.0.1", port, timeout=30), []
        time.sleep(pause_s * random.random())  # they do not begin in the same moment
        for _ in range(requests):
            begun = time.perf_counter()
            connection.request("GET", path, headers={"Cookie": f"kvqa={secret}"})
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 200, (path, answer.status)
            took.append(1000 * (time.perf_counter() - begun))
            time.sleep(pause_s * random.uniform(0.5, 1.5))
        connection.close()
        return took

    with ThreadPoolExecutor(users) as pool:
        return [one for part in pool.map(ask, range(users)) for one in part]


def measure_pages(place: str, data: Path, args: argparse.Namespace) -> None:
    secret, audit = fill(place, args.runs, args.findings)
    with web_process(place, data) as (port, web):
        for path in ("/", "/datasets/1", f"/audits/{audit}/findings", "/log", "/api/v1/datasets"):
            asked(port, secret, path, 1, 3)
            alone = statistics.median(asked(port, secret, path, 1, args.requests))
            paused = p95(asked(port, secret, path, args.users, args.requests, 1.0))
            worked = processor_ms(web)
            hasty = asked(port, secret, path, args.users, args.requests)
            each = (processor_ms(web) - worked) / len(hasty)
            print(
                f"  {path:22} alone {alone:5.1f} ms; p95 of {args.users} users at once {paused:4.0f} ms with a second "
                f"between requests, {p95(hasty):4.0f} ms without; {each:4.1f} ms of processor time a request",
                flush=True,
            )
        print(f"  web process: {peak_mb(web):.0f} MB at most", flush=True)


def measure_api(place: str, folder: Path) -> None:
    found = sweep(place, folder)
    faults, unheard_of = (found.failures.get(kind, 0) for kind in ("Server error", "Undocumented status code"))
    told = f"{found.cases:,} requests, {faults} answers 5xx, {unheard_of} of an undocumented status"
    print(f"  the whole API: {told}; {found.seconds:.0f} s", flush=True)
    assert found.is_sound, found.said


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, usual in {
        "runs": 5_000, "findings": 50_000, "users": 20, "requests": 12, "jobs": 800, "slots": 1_000, "workers": 4,
        "times": 4, "limit": 900,
    }.items():  # fmt: skip
        parser.add_argument(f"--{name}", type=int, default=usual)
    args = parser.parse_args()
    signal.alarm(args.limit)
    signal.signal(signal.SIGALRM, signal.default_int_handler)  # as by Ctrl-C: all that was started is ended
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory() as text, databases(Path(text)) as found:
        for database, new_place in found.items():
            print(database, flush=True)
            folder = Path(text) / database
            folder.mkdir()
            measure_pages(new_place(), folder / "pages", args)
            service_jobs.measure(new_place, folder / "jobs", args)
            measure_api(new_place(), folder)
    print(f"all of this took {time.perf_counter() - begun:.0f} s")


if __name__ == "__main__":
    main()
