"""What people call a finding over the runs of a series: new, known, regressed, accepted until, fixed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

import pytest

from kvqa_audit.model import AuditRun, Finding, FindingDecision, FindingStatus, Severity
from kvqa_audit.store.differences import seen_before
from kvqa_audit.store.records import FindingState, Standing
from kvqa_audit.store.runs import RunStore
from kvqa_audit.store.tables import SERIES
from tests.unit.compare.samples import finished, image

WRONG = Finding("KV008", Severity.ERROR, "wrong", "i1", "How many?", "1", row=1)
BLANK = Finding("KV003", Severity.WARNING, "blank", "i2", "How many?", "2", row=2)
HERE, GONE, OFF = "here", "gone", "off"


def runs_of(story: Iterable[str]) -> list[AuditRun]:
    """A run for each word of the story of the finding of KV008; that of KV003 is always there."""
    return [
        finished(
            [("A", "How many?", "1", "i1")],
            [image("i1"), image("i2")],
            [BLANK, *([WRONG] if word == HERE else [])],
            run_id=f"{day:032x}",
            day=day,
            skipped=["KV008"] if word == OFF else [],
        )
        for day, word in enumerate(story, 1)
    ]


def state_after(place: str, runs: Iterable[AuditRun]) -> FindingState:
    with RunStore(place) as store:
        for run in runs:
            store.finish(run)
        states = {state.check: state for state in store.findings("Sample")}
    assert states["KV003"].standing in (Standing.NEW, Standing.KNOWN)
    return states["KV008"]


@pytest.mark.parametrize(
    ("story", "standing"),
    [
        ([HERE], Standing.NEW),
        ([HERE, HERE], Standing.KNOWN),
        ([HERE, GONE], Standing.FIXED),
        ([HERE, OFF, HERE], Standing.KNOWN),
        ([HERE, HERE, OFF], Standing.KNOWN),
        ([HERE, GONE, OFF], Standing.FIXED),
        ([HERE, GONE, HERE], Standing.REGRESSED),
        ([HERE, GONE, OFF, HERE], Standing.REGRESSED),
        ([HERE, GONE, HERE, OFF, HERE], Standing.REGRESSED),
        ([HERE, GONE, HERE, GONE], Standing.FIXED),
        ([GONE, GONE, HERE], Standing.NEW),
    ],
)
def test_a_finding_stands_as_people_call_it(place: str, story: list[str], standing: Standing) -> None:
    assert state_after(place, runs_of(story)).standing is standing


def test_an_accepted_finding_stands_until_a_day(place: str) -> None:
    first, second, third = runs_of([HERE, HERE, HERE])
    decision = FindingDecision("accepted", "ann", date(2026, 1, 1), "on purpose", date(2026, 2, 1))
    waived = [
        replace(one, status=FindingStatus.WAIVED, decision=decision) if one.check == "KV008" else one
        for one in second.findings
    ]
    state = state_after(place, [first, replace(second, findings=tuple(waived))])
    assert (state.standing, state.accepted_until) == (Standing.ACCEPTED, date(2026, 2, 1))
    state = state_after(place, [third])
    assert (state.standing, state.accepted_until) == (Standing.KNOWN, None)


def test_a_regression_is_told_though_the_run_before_did_not_look(place: str) -> None:
    runs = runs_of([HERE, GONE, OFF, HERE])
    state = state_after(place, runs)
    with RunStore(place) as store, store._engine.begin() as connection:
        (series,) = connection.execute(SERIES.select()).all()
        seen = seen_before(connection, series.id, runs[2].run_id, [state.key])[state.key]
    assert (seen.in_the_run_before, seen.returned_run) == (True, runs[3].run_id)
