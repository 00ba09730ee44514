"""Findings and decisions come in; what the gate's page costs, in statements and processor time, goes out.

`python -m tests.benches.bench_gate [--findings 2000] [--decisions 5000]`: the page of a finished audit whose
dataset has so many decisions: first in a new process, again, and after one more decision.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import replace
from datetime import date
from pathlib import Path

import httpx
from sqlalchemy import event
from sqlalchemy.engine import Engine

from kvqa_audit.jobs.dataset_texts import decisions_text
from kvqa_audit.jobs.datasets import dataset, edit_dataset
from kvqa_audit.jobs.job_store import JobStore
from kvqa_audit.model import Finding, Severity
from kvqa_audit.release.decisions import Decision, DecisionVerdict, decide
from kvqa_audit.release.decisions_text import with_added
from kvqa_audit.release.freezing import with_frozen_evidence
from kvqa_audit.store.access_tables import Role
from tests.serve.site import Served, serving
from tests.unit.compare.samples import finished, image

FILE, TODAY = Path("decisions.yaml"), date(2026, 1, 1)


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, usual in (("findings", 2_000), ("decisions", 5_000)):
        parser.add_argument(f"--{name}", type=int, default=usual)
    given = parser.parse_args()
    statements = [0]
    event.listen(Engine, "before_cursor_execute", lambda *_: statements.__setitem__(0, statements[0] + 1))
    with tempfile.TemporaryDirectory() as name, serving(f"{name}/service.sqlite", Path(name)) as served:
        number, more = _filled(served, given.findings, given.decisions)
        page = served.program("robot", Role.ADMIN)
        job = page.get(f"datasets/{number}/runs").json()["items"][0]["id"]
        anna = served.person("anna", Role.ADMIN)
        for words in ("first", "again", "again"):
            _show(words, anna.http, f"/audits/{job}/gate", statements)
        _decide(served.site.store, number, more)
        _show("after one more decision", anna.http, f"/audits/{job}/gate", statements)


def _filled(served: Served, findings: int, decisions: int) -> tuple[int, Decision]:
    """A dataset with a finished audit and decisions, half of them about its findings; and one more decision."""
    rows = [("s", "How many?", str(n), f"i{n}") for n in range(findings)]
    found = [Finding("KV008", Severity.ERROR, "wrong", f"i{n}", "How many?", str(n), row=n) for n in range(findings)]
    run = finished(rows, [image(f"i{n}") for n in range(findings)], found, run_id="a" * 32)
    frozen = with_frozen_evidence(run).findings
    made = [decide(one, DecisionVerdict.CONFIRMED, "seen by two of us", "anna", TODAY) for one in frozen]
    made = (made * (decisions // len(made) + 1))[:decisions]
    made = [one if n < findings // 2 else replace(one, key=f"{n:016x}") for n, one in enumerate(made)]
    api = served.program("robot", Role.ADMIN)
    text = with_added(FILE, "", made)
    about = {"name": "gate", "source": served.folder("gate"), "spec": "auto"}
    number: int = api.post("datasets", json=about).json()["id"]
    served.finished(number, run)
    known = dataset(served.site.store, number)
    edit_dataset(served.site.store, number, known.version, replace(known.settings, decisions=text))
    return number, decide(frozen[-1], DecisionVerdict.CONFIRMED, "seen", "ben", TODAY)


def _decide(store: JobStore, number: int, decision: Decision) -> None:
    known = dataset(store, number)
    text = with_added(FILE, decisions_text(known.settings), [decision])
    edit_dataset(store, number, known.version, replace(known.settings, decisions=text))


def _show(words: str, http: httpx.Client, path: str, statements: list[int]) -> None:
    statements[0] = 0
    wall, processor = time.perf_counter(), time.process_time()
    answer = http.get(path)
    assert answer.status_code == 200, answer.text
    print(
        f"gate {words:24} {statements[0]:3} statements, {1000 * (time.process_time() - processor):6.0f} ms of "
        f"processor time, {1000 * (time.perf_counter() - wall):6.0f} ms in all, {len(answer.content) // 1000:,} kB"
    )


if __name__ == "__main__":
    main()
