"""The findings of a run are paged by index, whole and in their order, whatever the filter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from kvqa_audit.errors import StoreError
from kvqa_audit.model import Finding, FindingDecision, FindingStatus, FrozenEvidence, ImageEvidence, Severity
from kvqa_audit.model.counts import waivers_of
from kvqa_audit.store.records import StoredFinding
from kvqa_audit.store.runs import RunStore
from tests.report_samples import sample_run
from tests.unit.compare.samples import finished

ID = "a" * 32


def many() -> Iterator[Finding]:
    for n in range(90):
        severity, status = tuple(Severity)[n % 3], tuple(FindingStatus)[n % 7 == 0]
        about = (f"finding {n}", f"i{n}", "How many?", "yes", n, n / 7, (f"j{n}",))
        evidence = {"group": f"g{n // 4}", "n": [n, None]} if n % 2 else {"share": 0.1}
        code = ("KV003", "KV008", "KV201")[n // 30]
        now = (
            FrozenEvidence((ImageEvidence(f"i{n}", "0" * 64, (("s", "yes \0"),)),), "version 1", 0.5) if n % 3 else None
        )
        then = FrozenEvidence(judged_by="version 0") if status is FindingStatus.OPEN else None
        until = date(2027, 1, 31) if n % 2 else None
        decided = FindingDecision("accepted", "Größe \x1b", date(2026, 2, 3), f"reason {n % 2}", until, then)
        decision = decided if status is FindingStatus.WAIVED or n % 5 == 0 else None
        yield Finding(code, severity, *about, evidence, f"mend {n}" if n % 5 else None, status, "", decision, now)


RUN = finished(findings=many(), run_id=ID)


def paged(store: RunStore, limit: int, **filters: Any) -> list[StoredFinding]:
    """All pages of the run, one after the other."""
    found: list[StoredFinding] = []
    while page := store.page(ID, after=found[-1].position if found else -1, limit=limit, **filters):
        assert len(page) <= limit
        found.extend(page)
    return found


@pytest.mark.parametrize(
    "filters",
    [
        {},
        {"check": "KV008"},
        {"severity": Severity.WARNING},
        {"status": FindingStatus.WAIVED},
        {"check": "KV201", "severity": Severity.ERROR},
        {"severity": Severity.INFO, "status": FindingStatus.WAIVED},
        {"check": "KV003", "severity": Severity.INFO, "status": FindingStatus.OPEN},
        {"check": "KV999"},
    ],
)
def test_pages_together_are_the_findings_of_the_run(place: str, filters: dict[str, str]) -> None:
    with RunStore(place) as store:
        store.finish(RUN)
        # Another run's findings are not mixed in.
        store.finish(replace(RUN, run_id="b" * 32))
        of_run = list(enumerate(RUN.findings))
        wanted = [(at, f) for at, f in of_run if all(getattr(f, name) == value for name, value in filters.items())]
        for limit in (7, 50, 1_000):
            assert [(one.position, one.finding) for one in paged(store, limit, **filters)] == wanted


def test_finding_tells_the_group_of_its_duplicates(place: str) -> None:
    with RunStore(place) as store:
        store.finish(RUN)
        groups = [one.group for one in store.page(ID, limit=6)]
    assert groups == [None, "g0", None, "g0", None, "g1"]


def test_run_without_findings_has_an_empty_page_and_an_unknown_run_none(place: str) -> None:
    with RunStore(place) as store:
        store.finish(finished(run_id="c" * 32))
        assert store.page("c" * 32) == ()
        with pytest.raises(StoreError, match="there is no run d"):
            store.page("d" * 32)


def test_hostile_findings_are_kept_for_every_database(place: str) -> None:
    sample = sample_run()
    hostile = replace(
        sample.findings[0], message="a\x00b", answer="\udcff", evidence={"group": "\x00", "k": "\udcff\x00"}
    )
    run = replace(sample, findings=(hostile, *sample.findings[1:]))
    with RunStore(place) as store:
        store.finish(run)
        first = store.page(run.run_id, limit=1)[0]
    assert (first.finding.message, first.finding.answer, first.group) == ("a\\x00b", "\\udcff", "\\x00")
    assert first.finding.evidence == hostile.evidence


def test_waivers_of_a_run_are_those_of_its_findings(place: str) -> None:
    with RunStore(place) as store:
        store.finish(RUN)
        kept = store.waivers(ID)
    assert sorted(kept, key=repr) == sorted(waivers_of(RUN.findings), key=repr)
    assert len(kept) > 2
    assert [one.number for one in kept] == sorted((one.number for one in kept), reverse=True)
