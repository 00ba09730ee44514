"""Runs are kept whole, and what became of their findings is told over the series; the same on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

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
        stored = store.finish(run)
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
        store.finish(day(1, [WRONG], skipped=["KV003"]))
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
        store.finish(day(1, [WRONG, BLANK]))
        second = store.finish(day(2, [WRONG, PAIR]))
        assert (second.number, second.new, second.resolved, second.still_open) == (2, 1, 1, 1)
        third = store.finish(day(3, [BLANK, PAIR]))
        assert (third.new, third.resolved, third.still_open) == (1, 1, 1)
        states = {state.check: state for state in store.findings("Sample")}
    assert states["KV008"].resolved_run == f"{3:032x}"
    assert states["KV008"].last_run == f"{2:032x}"
    assert (states["KV003"].first_run, states["KV003"].last_run) == (f"{1:032x}", f"{3:032x}")
    assert (states["KV003"].resolved_run, states["KV003"].resolved_at) == (None, None)
    assert states["KV201"].first_seen == datetime(2026, 1, 2, 10, 0, 9, tzinfo=UTC)
    assert states["KV201"].related == ("i1", "i3")


def test_check_that_was_not_judged_resolves_nothing(place: str) -> None:
    with RunStore(place) as store:
        store.finish(day(1, [WRONG, PAIR]))
        second = store.finish(day(2, [WRONG], skipped=["KV201"]))
        between = {state.check: state for state in store.findings("Sample")}
        third = store.finish(day(3, [WRONG, PAIR]))
        states = {state.check: state for state in store.findings("Sample")}
    assert (second.new, second.resolved) == (0, 0)
    assert (third.new, third.still_open) == (0, 2)
    # Nobody looked in the second run, so it was not seen there.
    assert (between["KV201"].last_run, between["KV201"].resolved_run) == (f"{1:032x}", None)
    assert between["KV008"].last_run == f"{2:032x}"
    assert states["KV201"].last_run == f"{3:032x}"


def test_findings_keep_their_history_when_an_image_is_renamed(place: str) -> None:
    images = [replace(one, img_id="z") if one.img_id == "i1" else one for one in IMAGES]
    moved = [replace(WRONG, img_id="z"), replace(PAIR, related=("i3", "z")), BLANK]
    with RunStore(place) as store:
        store.finish(day(1, [WRONG, PAIR]))
        second = store.finish(day(2, moved, images=images))
        states = {state.check: state for state in store.findings("Sample")}
        assert (second.new, second.resolved, second.still_open) == (1, 0, 2)
        assert (states["KV008"].img_id, states["KV008"].first_run) == ("z", f"{1:032x}")
        assert states["KV201"].related == ("i3", "z")
        back = store.finish(day(3, [WRONG, PAIR]))
        assert (back.new, back.resolved, back.still_open) == (0, 1, 2)
        assert len(store.findings("Sample")) == 3


@pytest.mark.parametrize(("name", "later"), [("i1", "z"), ("z", "i1")])
def test_renamed_onto_a_name_that_had_the_same_finding_long_ago(place: str, name: str, later: str) -> None:
    def of(img_id: str, content: str) -> dict[str, Any]:
        return {"findings": [replace(WRONG, img_id=img_id)], "images": [image(img_id, content), *IMAGES[2:]]}

    with RunStore(place) as store:
        store.finish(day(1, **of(later, "long gone")))
        store.finish(day(2, **of(name, "the picture")))
        third = store.finish(day(3, **of(later, "the picture")))
        (state,) = store.findings("Sample")
    assert (third.new, third.still_open) == (0, 1)
    assert (state.img_id, state.first_run, state.resolved_run) == (later, f"{2:032x}", None)


def test_two_images_that_swap_their_names_take_their_findings_with_them(place: str) -> None:
    def of(wrong: str, blank: str) -> dict[str, Any]:
        findings = [replace(WRONG, img_id=wrong), replace(WRONG, img_id=blank, message="blurred")]
        return {"findings": findings, "images": [image(wrong, content="one"), image(blank, content="other")]}

    with RunStore(place) as store:
        store.finish(day(1, **of("a", "b")))
        second = store.finish(day(2, **of("b", "a")))
        messages = {state.img_id: state.message for state in store.findings("Sample")}
    assert (second.new, second.resolved, second.still_open) == (0, 0, 2)
    assert messages == {"b": "wrong", "a": "blurred"}


def test_finding_of_a_check_that_was_off_when_its_image_was_renamed_keeps_its_history(place: str) -> None:
    images = [replace(one, img_id="z") if one.img_id == "i1" else one for one in IMAGES]
    moved = replace(PAIR, related=("i3", "z"))
    with RunStore(place) as store:
        store.finish(day(1, [PAIR]))
        second = store.finish(day(2, [], images=images, skipped=["KV201"]))
        (between,) = store.findings("Sample")
        third = store.finish(day(3, [moved], images=images))
        (state,) = store.findings("Sample")
    assert (second.new, second.resolved) == (0, 0)
    assert (sorted(between.related), between.last_run, between.key) == (["i3", "z"], f"{1:032x}", state.key)
    assert (third.new, third.resolved, third.still_open) == (0, 0, 1)
    assert (state.first_run, state.related) == (f"{1:032x}", ("i3", "z"))


def test_image_renamed_after_a_run_without_images_keeps_its_findings(place: str) -> None:
    images = [replace(one, img_id="z") if one.img_id == "i1" else one for one in IMAGES]
    with RunStore(place) as store:
        store.finish(day(1, [PAIR]))
        store.finish(day(2, [], images=[], skipped=["KV201"]))
        third = store.finish(day(3, [replace(PAIR, related=("i3", "z"))], images=images))
    assert (third.new, third.resolved, third.still_open) == (0, 0, 1)


def test_projects_do_not_resolve_each_other_s_findings(place: str) -> None:
    with RunStore(place) as store:
        store.finish(day(1, [WRONG, BLANK]), project="gastro")
        other = store.finish(day(2, [BLANK]), project="surgery")
        again = store.finish(day(3, [WRONG, replace(BLANK, message="empty")]), project="gastro")
        lines = [(run.project, run.series, run.number) for run in store.runs()]
        states = {name: store.findings("Sample", project=name) for name in ("gastro", "surgery", "default")}
        assert [run.number for run in store.runs("Sample", project="gastro")] == [1, 2]
        assert store.runs(project="nobody's") == ()
    assert (other.number, other.new, other.resolved) == (1, None, None)
    assert (again.number, again.new, again.resolved, again.still_open) == (2, 0, 0, 2)
    assert lines == [("gastro", "Sample", 1), ("gastro", "Sample", 2), ("surgery", "Sample", 1)]
    assert [len(states[name]) for name in states] == [2, 1, 0]
    assert [(one.message, one.last_run) for one in states["surgery"]] == [("blank", f"{2:032x}")]
    assert all(state.resolved_run is None for of_project in states.values() for state in of_project)


def test_waived_findings_are_counted_apart(place: str) -> None:
    with RunStore(place) as store:
        store.finish(day(1, [WRONG, BLANK]))
        second = store.finish(day(2, [replace(WRONG, status=FindingStatus.WAIVED), BLANK]))
        states = {state.check: state.status for state in store.findings("Sample")}
    assert (second.errors, second.warnings, second.waived, second.new, second.resolved) == (0, 1, 1, 0, 0)
    assert states == {"KV003": "open", "KV008": "waived"}


def test_subsets_and_other_datasets_are_series_of_their_own(place: str) -> None:
    with RunStore(place) as store:
        store.finish(day(1, [WRONG]))
        part = store.finish(day(2, [], subset=True))
        other = store.finish(day(3, [], name="Other"))
        assert [run.series for run in store.runs()] == ["Other", "Sample", "Sample (subset)"]
        assert store.findings("Sample")[0].resolved_run is None
    assert (part.number, part.resolved, other.number) == (1, None, 1)


def test_saving_twice_changes_nothing(place: str) -> None:
    run = day(1, [WRONG])
    with RunStore(place) as store:
        assert store.finish(run) == store.finish(run)
        assert len(store.runs()) == 1


def test_equal_files_are_kept_once(place: str) -> None:
    from sqlalchemy import func, select

    from kvqa_audit.store.tables import CONTENTS, FILES

    with RunStore(place) as store:
        for number in (1, 2, 3):
            store.finish(day(number, [WRONG]))
        with store._engine.begin() as connection:
            files, contents = (
                connection.execute(select(func.count()).select_from(t)).scalar() for t in (FILES, CONTENTS)
            )
    assert files == 3 * 6
    # Three times audit.json, once all others.
    assert contents == 3 + 5


def test_hostile_texts_are_kept(place: str) -> None:
    run = sample_run()
    tool = {"name": "kvqa-audit", "version": "0.1.0", **run.tool}
    nul = replace(run, run_id="0" * 32, tool=tool, dataset=replace(run.dataset, name="na\x00me", location="/data/\x00"))
    with RunStore(place) as store:
        stored = store.finish(nul)
        assert stored.dataset == "na\\x00me"
        assert store.load(nul.run_id).dataset.name == "na\x00me"
        assert {state.key for state in store.findings(stored.series)} == {finding.key for finding in run.findings}


def test_runs_are_found_by_the_beginning_of_their_id(place: str) -> None:
    with RunStore(place) as store:
        for number, begin in enumerate(("abc1", "abd2"), 1):
            store.finish(finished(ROWS, run_id=begin + "0" * 28, day=number))
        assert store.find("abc").number == 1
        with pytest.raises(StoreError, match="2 runs of the store begin with 'ab'"):
            store.find("ab")
        for missing in ("x", "%", "_"):
            with pytest.raises(StoreError, match="no run of the store begins"):
                store.load(missing)
