"""A store with one large and many small runs is written to a file and to a server; how long its pages take goes out.

bench_store.py [--findings N] [--runs N] [--pages N]

Needs a PostgreSQL server's programs on this machine, and starts one of its own.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from kvqa_audit.model import Finding, FindingStatus, Severity
from kvqa_audit.store.runs import RunStore
from tests.postgres_server import new_database, running_postgres
from tests.unit.compare.samples import finished

LARGE = "f" * 32
PAGE = 50
CHECKS = (("KV008", Severity.ERROR, 80), ("KV204", Severity.WARNING, 15), ("KV102", Severity.INFO, 5))
FILTERS: dict[str, dict[str, str]] = {
    "all": {},
    "check of 80 %": {"check": "KV008"},
    "check of 5 %": {"check": "KV102"},
    "severity of 15 %": {"severity": Severity.WARNING},
    "status of 1 %": {"status": FindingStatus.WAIVED},
    "check and status": {"check": "KV204", "status": FindingStatus.WAIVED},
    "no finding has all": {"check": "KV008", "severity": Severity.ERROR, "status": FindingStatus.WAIVED},
}


def findings(count: int) -> Iterator[Finding]:
    """Findings check by check, with evidence as pairs of duplicates have it; the KV204 bring the waived ones."""
    for code, severity, percent in CHECKS:
        for n in range(count * percent // 100):
            ids = (f"image_{n:06d}", f"image_{n + 1:06d}")
            evidence = {
                "images": list(ids),
                "tier": "near",
                "distance_bits": n % 31,
                "similarity": 0.97,
                "group": ids[0],
            }
            waived = code == "KV204" and n % 15 == 0
            yield Finding(
                code, severity, f"{ids[0]} and {ids[1]} show the same picture; similarity 0.970, 12 of 256 bits differ",
                None, "How many polyps are in the image?", str(n % 7), n, 0.97, ids, evidence, "Keep one of them.",
                FindingStatus.WAIVED if waived else FindingStatus.OPEN,
            )  # fmt: skip


def fill(store: RunStore, count: int, runs: int) -> tuple[float, float]:
    """Writes the small runs and the large one; gives how many seconds the large one took, and once more unchanged."""
    for number in range(runs):
        store.finish(finished(findings=findings(20), run_id=f"{number:032x}", name=f"small {number % 50}"))
    seconds = []
    large = finished(findings=findings(count), run_id=LARGE, name="large")
    for run in (replace(large, run_id="e" * 32), large):
        started = time.perf_counter()
        store.finish(run)
        seconds.append(time.perf_counter() - started)
    return seconds[0], seconds[1]


def page_seconds(store: RunStore, filters: dict[str, str], starts: list[int]) -> list[float]:
    """How long each page behind these places took."""
    found = []
    for start in starts:
        started = time.perf_counter()
        store.page(LARGE, after=start, limit=PAGE, **filters)  # type: ignore[arg-type]
        found.append(time.perf_counter() - started)
    return found


def measure(where: str, name: str, args: argparse.Namespace) -> None:
    """Prints the times of one database."""
    with RunStore(where) as store:
        first, again = fill(store, args.findings, args.runs)
        print(f"{name}: a run of {args.findings:,} findings, saved in {first:.1f} s, a second one in {again:.1f} s")
        print(f"  {'page of ' + str(PAGE):<20}{'p50 ms':>8}{'p95 ms':>8}{'max ms':>8}")
        draw = random.Random(1)
        for label, filters in FILTERS.items():
            starts = [-1, *(draw.randrange(args.findings) for _ in range(args.pages - 1))]
            times = sorted(1000 * seconds for seconds in page_seconds(store, filters, starts))
            p95 = statistics.quantiles(times, n=20)[-1]
            print(f"  {label:<20}{statistics.median(times):>8.1f}{p95:>8.1f}{times[-1]:>8.1f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--findings", type=int, default=50_000)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--pages", type=int, default=200)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measure(str(Path(folder) / "runs.sqlite"), "SQLite", args)
        size = (Path(folder) / "runs.sqlite").stat().st_size
        print(f"  the file has {size / 1e6:.0f} MB")
    with running_postgres() as server:
        measure(new_database(server), "PostgreSQL", args)


if __name__ == "__main__":
    main()
