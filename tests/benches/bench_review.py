"""Reviewers come in, simulated ones and one in a browser; how long decisions take, and whether one is lost, goes out.

`python -m tests.benches.bench_review [--findings 3000] [--reviewers 20] [--script 100]`: twenty at once against a real
web process on SQLite and, where a server is installed, on PostgreSQL, as fast as they can and with some thinking; one
in ten decisions is sent twice. Then a recorded script decides findings in Chromium, each timed until the next is
painted.
"""

from __future__ import annotations

import argparse
import csv
import http.client
import json
import random
import statistics
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import func, insert, select

from kvqa_audit.access.tokens import add_token
from kvqa_audit.access.users import add_user
from kvqa_audit.demo import draw_demo
from kvqa_audit.jobs.datasets import register_dataset
from kvqa_audit.jobs.job_store import JobStore
from kvqa_audit.model import Severity
from kvqa_audit.pipeline.audit import run_audit
from kvqa_audit.pipeline.options import AuditOptions
from kvqa_audit.reviews.prepared import SHEETS
from kvqa_audit.spec.load import load_spec
from kvqa_audit.store.access_tables import Role
from kvqa_audit.store.job_records import Cause, DatasetSettings, JobState
from kvqa_audit.store.job_tables import JOBS
from kvqa_audit.store.records import RunState
from kvqa_audit.store.review_tables import REVIEW_DECISIONS, REVIEW_ITEMS, REVIEWS, ItemState
from kvqa_audit.store.run_rows import series_id
from kvqa_audit.store.tables import RUNS
from tests.benches.service import databases, p95, processor_ms, web_process
from tests.browser.chromium import Tab, chromium
from tests.serve.site import PASSWORD, serving

AT = datetime(2026, 1, 1, tzinfo=UTC)
RUN = "a" * 32
SHEET = {"check": "KV008", "title": "x", "severity": "error", "pictures": [], "pairs": [], "targets": [], "changes": []}
# Resolves to the milliseconds from a key to the painting of the finding that follows, with its picture.
PAINTED = """
window.timed = () => new Promise((done) => {
  const before = document.getElementById("finding").dataset.item;
  addEventListener("keydown", (event) => {
    const begun = event.timeStamp;
    const look = () => {
      const image = document.querySelector("#pictures img");
      const isNext = document.getElementById("finding").dataset.item !== before;
      const lacks = document.querySelector("#pictures .no-shot");
      const isThere = (image && image.complete) || (lacks && !lacks.textContent.startsWith("loading"));
      if (isNext && (document.getElementById("pictures").hidden || isThere)) {
        requestAnimationFrame(() => setTimeout(() => done(performance.now() - begun)));
      } else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  }, { once: true, capture: true });
});
0
"""


@dataclass
class Times:
    """Milliseconds, and what was answered."""

    decide: list[float] = field(default_factory=list)
    ask: list[float] = field(default_factory=list)
    kept: int = 0
    again: int = 0
    refused: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


def fill(place: str, data: Path, findings: int, reviewers: int) -> list[str]:
    """A store with one dataset whose run is to be reviewed; the tokens of its reviewers."""
    line = json.dumps(SHEET).encode() + b"\n"
    folder = data / "runs" / RUN
    folder.mkdir(parents=True)
    (folder / SHEETS).write_bytes(line * findings)
    with JobStore(place) as store:
        number = register_dataset(store, DatasetSettings("bench", "/data/bench")).id
        with store.writing() as connection:
            series, now = series_id(connection, "default", "bench"), store.clock(connection)
            counts = dict.fromkeys(("findings", "errors", "warnings", "notices", "waived"), findings)
            run = {"id": RUN, "series": series, "state": RunState.FINISHED, "dataset": "d", "location": "/data/bench"}
            connection.execute(insert(RUNS), {**run, **counts, "number": 1, "finished_at": AT, "exit_code": 1})
            job = {"dataset": number, "run": RUN, "cause": Cause.MANUAL, "state": JobState.DONE, "queued_at": AT}
            job |= {
                "not_before": AT,
                "attempts": 1,
                "max_attempts": 1,
                "fence": 1,
                "cancel_asked": False,
                "watch": False,
            }
            connection.execute(insert(JOBS), {**job, "last_event": 0})
            connection.execute(insert(REVIEWS), {"dataset": number, "needed": 1, "run": RUN, "version": 0})
            connection.execute(insert(REVIEW_ITEMS), [_item(number, n, len(line)) for n in range(findings)])
            secrets = []
            for name in range(reviewers):
                user = add_user(connection, f"reviewer-{name}", Role.REVIEWER, now)
                secrets.append(add_token(connection, user, name="bench", scope="write", days=1, now=now)[1])
    return secrets


def _item(dataset: int, n: int, size: int) -> dict[str, object]:
    finding = {
        "key": f"{n:016x}",
        "check": "KV008",
        "img_id": f"image {n}",
        "question": "q",
        "answer": "a",
        "related": [],
    }
    return {
        "dataset": dataset, "key": f"{n:016x}", "run": RUN, "place": n * size, "size": size, "check": "KV008",
        "severity": Severity.ERROR, "source": "s", "question": "q", "answer": "a", "findings": [finding],
        "blocks": True, "weight": 9.0 - n / 1e6, "state": ItemState.OPEN, "decided": 0, "round": 1, "version": 1,
    }  # fmt: skip


def review(port: int, secret: str, times: Times, most: int, think: float, seed: int) -> None:
    """One reviewer, who asks for findings and decides about them until none is left, or so many are done."""
    connection, chance = http.client.HTTPConnection("127.0.0.1", port, timeout=60), random.Random(seed)

    def call(path: str, body: object, **headers: str) -> tuple[int, dict[str, object], float]:
        begun = time.perf_counter()
        more = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json", **headers}
        connection.request("POST", f"/api/v1/{path}", json.dumps(body), more)
        answer = connection.getresponse()
        told = json.loads(answer.read())
        return answer.status, told, 1000 * (time.perf_counter() - begun)

    buffer: list[dict[str, int]] = []
    time.sleep(think * chance.random())  # they do not begin in the same moment
    while most:
        if len(buffer) < 3:
            status, told, took = call("datasets/1/review/next", {"holding": [one["id"] for one in buffer], "limit": 6})
            assert status == 200, told
            buffer += told["items"]  # type: ignore[arg-type]
            with times.lock:
                times.ask.append(took)
        if not buffer:
            return
        one, most = buffer.pop(0), most - 1
        headers = {"If-Match": f'"{one["version"]}"', "Idempotency-Key": f"{seed}-{one['id']}"}
        for _ in range(1 + (chance.random() < 0.1)):
            words = {"verdict": chance.choice(["confirmed", "false positive"])}
            status, told, took = call(f"review/items/{one['id']}/decisions", words, **headers)
            assert status in (201, 409), told
            with times.lock:
                times.decide.append(took)
                times.kept += status == 201 and not told["again"]
                times.again += status == 201 and bool(told["again"])
                times.refused += status == 409
        time.sleep(think * chance.uniform(0.5, 1.5))
        if think > 10:
            connection.close()  # the server has let it go


def simulate(database: str, place: str, data: Path, findings: int, reviewers: int) -> None:
    """Prints how long decisions of simulated reviewers took, with a second of thinking and without."""
    data.mkdir()
    secrets = fill(place, data, findings, reviewers)
    total = 0
    with web_process(place, data) as (port, web):
        for think, most, words in (
            (20.0, 3, "2 to 4 a minute each"),
            (1.0, 15, "a second of thinking"),
            (0.0, 10**6, "no thinking"),
        ):
            times, begun, worked = Times(), time.perf_counter(), processor_ms(web)
            with ThreadPoolExecutor(reviewers) as pool:
                ask = [
                    pool.submit(review, port, secret, times, most, think, 1000 * int(think) + n)
                    for n, secret in enumerate(secrets)
                ]
            for one in ask:
                one.result()
            total += times.kept
            rate = times.kept / (time.perf_counter() - begun)
            each = (processor_ms(web) - worked) / (len(times.decide) + len(times.ask))
            print(
                f"{database:10} {reviewers} reviewers, {words:20} decide p95 {p95(times.decide):6.0f} ms, next p95 "
                f"{p95(times.ask):6.0f} ms, {rate:5.0f} decisions a second, {each:4.1f} ms of processor time a "
                f"request; sent twice {times.again}, "
                f"taken by another meanwhile {times.refused}"
            )
    with JobStore(place) as store, store.reading() as connection:
        d = REVIEW_DECISIONS.c
        there = connection.execute(select(func.count()).select_from(REVIEW_DECISIONS)).scalar_one()
        of_one = select(d.item).group_by(d.item).having(func.count() > 1)
        doubled = len(connection.execute(of_one).all())
        open_ = connection.execute(
            select(func.count()).select_from(REVIEW_ITEMS).where(REVIEW_ITEMS.c.state != ItemState.SETTLED)
        ).scalar_one()
    print(f"{database:10} told as kept {total}, in the store {there}, decided twice {doubled}, left open {open_}")
    assert (there, doubled, open_) == (total, 0, 0)


def script(folder: Path, decisions: int) -> None:
    """Prints how long a recorded script waits for each finding in a browser."""
    with serving(str(folder / "script.sqlite"), folder) as served, chromium(folder / "profile") as tab:
        where = served.roots / "sample"
        draw_demo(where)
        _spoil(where / "metadata.csv", decisions + 20)
        spec = load_spec().model_copy(update={"promises": [], "rules": []})
        run = run_audit(where, AuditOptions(spec=spec, subset=True))
        api = served.program("robot", Role.ADMIN)
        number = api.post("datasets", json={"name": "sample", "source": str(where)}).json()["id"]
        served.finished(number, run)
        tab.open(served.link_for("anna", Role.REVIEWER))
        for name in ("password", "again"):
            tab.value(f"document.querySelector('[name={name}]').value = {PASSWORD!r}")
        tab.click("document.querySelector('.main-button')")
        tab.wait_for("location.pathname === '/' && document.readyState === 'complete'", 60)
        tab.open(f"{served.url}/datasets/{number}/review")
        tab.wait_for("document.querySelector('#pictures img')?.complete", 120)
        tab.value(PAINTED)
        times = [_decide(tab, "cfd"[n % 3 if n % 10 == 0 else n % 2]) for n in range(decisions)]
        tab.wait_for("document.querySelector('#saved').dataset.state === 'saved'", 60)
    print(
        f"script: {len(times)} findings decided in the browser, key to next painted: median "
        f"{statistics.median(times):.0f} ms, p95 {p95(times):.0f} ms, longest {max(times):.0f} ms"
    )


def _decide(tab: Tab, key: str) -> float:
    tab.value("window.painted = window.timed(); 0")
    tab.press(key)
    took: float = tab.value("window.painted", 60)
    # Nobody looks at a picture for less than this; it is no part of the time that is told.
    time.sleep(0.5)
    return took


def _spoil(table: Path, number: int) -> None:
    """Plants answers that are none into rows of different pictures, round and round."""
    with table.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    by_image: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        if row["answer"] in ("yes", "no"):
            by_image.setdefault(row["img_id"], []).append(row)
    planted = [row for turn in range(8) for of_one in by_image.values() for row in of_one[turn : turn + 1]]
    for row in planted[:number]:
        row["answer"] = "zebra"
    with table.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, usual in (("findings", 3_000), ("reviewers", 20), ("script", 100)):
        parser.add_argument(f"--{name}", type=int, default=usual)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        if given.reviewers:
            with databases(folder) as found:
                for database, new_place in found.items():
                    simulate(database, new_place(), folder / database, given.findings, given.reviewers)
        if given.script:
            script(folder, given.script)


if __name__ == "__main__":
    main()
