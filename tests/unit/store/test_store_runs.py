"""Runs are kept whole, and what became of their findings is told over the series; the same on both databases."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kvqa_audit.errors import StoreError
from kvqa_audit.model import Finding, FindingStatus, Severity
from kvqa_audit.store.runs import RunStore
from tests.report_samples import sample_run
from tests.unit.compare.samples import finished, image

ROWS = [("Polyps", "How many?", str(n % 3), f"i{n}") for n in range(6)]
IMAGES = [image(f"i{n}") for n in range(6)]
WRONG = Finding("KV008", Severity.ERROR, "wrong", "i1", "How many?", "1", row=1)
BLANK = Finding("KV003", Severity.WARNING, "blank", "i2", "How many?", "2", row=2)
PAIR = Finding("KV201", Severity.ERROR, "same bytes", related=("i1", "i3"))


def day(number: int, findings: list[Finding], **options: object) -> object:
    images = options.pop("images", IMAGES)
    return finished(ROWS, images, findings, run_id=f"{number:032x}", day=number, **options)  # type: ignore[arg-type]


def test_run_comes_back_as_it_was_with_its_line_and_outcomes(place: str) -> None:
    run = day(1, [WRONG, BLANK])
    with RunStore(place) as store:
        stored = store.save(run)
        assert store.load(run.run_id) == run
        assert store.runs() == (stored,)
    assert (stored.verdict, stored.errors, stored.warnings, stored.rows, stored.images) == ("not ready", 1, 1, 6, 6)
    assert (stored.number, stored.new, stored.resolved) == (1, None, None)
    with RunStore(place) as again:
        assert again.runs("Sample") == (stored,)
        assert again.runs("another") == ()


def test_outcomes_of_passing_checks_are_kept_too(place: str) -> None:
    from sqlalchemy import select

    from kvqa_audit.store.tables import OUTCOMES

    with RunStore(place) as store:
        store.save(day(1, [WRONG], skipped=["KV003"]))
        with store._engine.begin() as connection:
            kept = connection.execute(select(OUTCOMES).order_by(OUTCOMES.c.position)).mappings().all()
    assert [(row["code"], row["outcome"], row["measured"]) for row in kept] == [
        ("KV003", "skipped", 0.5),
        ("KV008", "failed", 0.5),
        ("KV201", "passed", 0.5),
    ]
    assert kept[0]["reason"] == "not wanted"


def test_findings_are_new_resolved_and_come_back(place: str) -> None:
    with RunStore(place) as store:
        store.save(day(1, [WRONG, BLANK]))
        second = store.save(day(2, [WRONG, PAIR]))
        assert (second.number, second.new, second.resolved, second.still_open) == (2, 1, 1, 1)
        third = store.save(day(3, [BLANK, PAIR]))
        assert (third.new, third.resolved, third.still_open) == (1, 1, 1)
        states = {state.check: state for state in store.findings("Sample")}
    assert states["KV008"].resolved_run == f"{3:032x}"
    assert states["KV008"].last_run == f"{2:032x}"
    assert (states["KV003"].first_run, states["KV003"].last_run) == (f"{1:032x}", f"{3:032x}")
    assert (states["KV003"].resolved_run, states["KV003"].resolved_at) == (None, None)
    assert states["KV201"].first_seen.startswith("2026-01-02")
    assert states["KV201"].related == ("i1", "i3")


def test_check_that_was_not_judged_resolves_nothing(place: str) -> None:
    with RunStore(place) as store:
        store.save(day(1, [WRONG, PAIR]))
        second = store.save(day(2, [WRONG], skipped=["KV201"]))
        third = store.save(day(3, [WRONG, PAIR]))
        states = {state.check: state for state in store.findings("Sample")}
    assert (second.new, second.resolved) == (0, 0)
    assert (third.new, third.still_open) == (0, 2)
    assert states["KV201"].last_run == f"{3:032x}"


def test_findings_keep_their_history_when_an_image_is_renamed(place: str) -> None:
    images = [replace(one, img_id="z") if one.img_id == "i1" else one for one in IMAGES]
    moved = [replace(WRONG, img_id="z"), replace(PAIR, related=("i3", "z")), BLANK]
    with RunStore(place) as store:
        store.save(day(1, [WRONG, PAIR]))
        second = store.save(day(2, moved, images=images))
        states = {state.check: state for state in store.findings("Sample")}
        assert (second.new, second.resolved, second.still_open) == (1, 0, 2)
        assert (states["KV008"].img_id, states["KV008"].first_run) == ("z", f"{1:032x}")
        assert states["KV201"].related == ("i3", "z")
        back = store.save(day(3, [WRONG, PAIR]))
        assert (back.new, back.resolved, back.still_open) == (0, 1, 2)
        assert len(store.findings("Sample")) == 3


def test_renamed_onto_a_name_that_had_the_same_finding_long_ago(place: str) -> None:
    images = [replace(one, img_id="z") if one.img_id == "i1" else one for one in IMAGES]
    with RunStore(place) as store:
        store.save(day(1, [replace(WRONG, img_id="z")]))
        store.save(day(2, [WRONG]))
        third = store.save(day(3, [replace(WRONG, img_id="z")], images=images))
        (state,) = store.findings("Sample")
    assert (third.new, third.still_open) == (0, 1)
    assert (state.img_id, state.first_run, state.resolved_run) == ("z", f"{2:032x}", None)


def test_waived_findings_are_counted_apart(place: str) -> None:
    with RunStore(place) as store:
        store.save(day(1, [WRONG, BLANK]))
        second = store.save(day(2, [replace(WRONG, status=FindingStatus.WAIVED), BLANK]))
        states = {state.check: state.status for state in store.findings("Sample")}
    assert (second.errors, second.warnings, second.waived, second.new, second.resolved) == (0, 1, 1, 0, 0)
    assert states == {"KV003": "open", "KV008": "waived"}


def test_subsets_and_other_datasets_are_series_of_their_own(place: str) -> None:
    with RunStore(place) as store:
        store.save(day(1, [WRONG]))
        part = store.save(day(2, [], subset=True))
        other = store.save(day(3, [], name="Other"))
        assert [run.series for run in store.runs()] == ["Other", "Sample", "Sample (subset)"]
        assert store.findings("Sample")[0].resolved_run is None
    assert (part.number, part.resolved, other.number) == (1, None, 1)


def test_saving_twice_changes_nothing(place: str) -> None:
    run = day(1, [WRONG])
    with RunStore(place) as store:
        assert store.save(run) == store.save(run)
        assert len(store.runs()) == 1


def test_equal_files_are_kept_once(place: str) -> None:
    from sqlalchemy import func, select

    from kvqa_audit.store.tables import CONTENTS, FILES

    with RunStore(place) as store:
        for number in (1, 2, 3):
            store.save(day(number, [WRONG]))
        with store._engine.begin() as connection:
            files, contents = (
                connection.execute(select(func.count()).select_from(t)).scalar() for t in (FILES, CONTENTS)
            )
    assert files == 3 * 6
    # Three times audit.json, once all others.
    assert contents == 3 + 5


def test_hostile_texts_are_kept(place: str) -> None:
    run = sample_run()
    nul = replace(run, dataset=replace(run.dataset, name="na\x00me", location="/data/\x00"))
    with RunStore(place) as store:
        stored = store.save(nul)
        assert stored.dataset == "na\\x00me"
        assert store.load(nul.run_id).dataset.name == "na\x00me"
        assert {state.key for state in store.findings(stored.series)} == {finding.key for finding in run.findings}


def test_runs_are_found_by_the_beginning_of_their_id(place: str) -> None:
    with RunStore(place) as store:
        for number, begin in enumerate(("abc1", "abd2"), 1):
            store.save(finished(ROWS, run_id=begin + "0" * 28, day=number))
        assert store.find("abc").number == 1
        with pytest.raises(StoreError, match="2 runs of the store begin with 'ab'"):
            store.find("ab")
        for missing in ("x", "%", "_"):
            with pytest.raises(StoreError, match="no run of the store begins"):
                store.load(missing)
