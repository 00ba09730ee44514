"""A folder comes in; the empty stores of a bench, real web processes on them, and what these use up, go out."""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path

from tests.postgres_server import new_database, running_postgres, server_programs
from tests.processes import children, free_port, wait_until
from tests.serve.site import is_ready


@contextmanager
def databases(folder: Path) -> Iterator[dict[str, Callable[[], str]]]:
    """The name of each database → what gives the place of a new store; PostgreSQL where a server is installed."""
    numbers = count()
    with ExitStack() as stack:
        found: dict[str, Callable[[], str]] = {"SQLite": lambda: str(folder / f"{next(numbers)}.sqlite")}
        if server_programs():
            server = stack.enter_context(running_postgres())
            found["PostgreSQL"] = lambda: new_database(server)
        yield found


@contextmanager
def web_process(place: str, data: Path) -> Iterator[tuple[int, int]]:
    """A web process without workers: its port, and its process id."""
    port = free_port()
    command = [sys.executable, "-m", "kvqa_audit", "serve", "--data", str(data), "--store", place, "--port", str(port)]
    environment = {**os.environ, "KVQA_SERVE_WORKERS": "0"}
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment)
    try:
        wait_until(lambda: process.poll() is not None or is_ready(f"http://127.0.0.1:{port}"))
        yield port, next(iter(children(process.pid)))
    finally:
        process.terminate()
        process.wait()


def processor_ms(pid: int) -> float:
    """The processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return 1000 * (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak_mb(pid: int) -> float:
    """The most memory that a process has had."""
    found = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1]) / 1024


def p95(times: list[float]) -> float:
    return statistics.quantiles(times, n=20)[-1]
