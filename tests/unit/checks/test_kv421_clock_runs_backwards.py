"""Clocks that run backwards within numbered ids are told, where the ids do tell the order."""

from __future__ import annotations

import random
from types import SimpleNamespace
from typing import Any

import pytest

from kvqa_audit.checks.kv417_split_leak_by_group import split_leak_by_group
from kvqa_audit.checks.kv421_clock_runs_backwards import clock_runs_backwards
from kvqa_audit.checks.runner import run_check
from kvqa_audit.ingest.told_by_folders import ToldByFolders
from kvqa_audit.model import GroupPlace, ImageGroups, OutcomeStatus


def judged(seconds: dict[str, int], told_by: str = "") -> tuple[Any, Any]:
    places = {img_id: (GroupPlace(img_id.split("_")[0], time),) for img_id, time in seconds.items()}
    return run_check(clock_runs_backwards, SimpleNamespace(absent={}, groups=ImageGroups(told_by, places)))  # type: ignore[arg-type]


def numbered(groups: int = 4, images: int = 12) -> dict[str, int]:
    return {f"e{group}_{image}": 30 * image for group in range(groups) for image in range(images)}


@pytest.mark.fires("KV421")
def test_an_image_that_was_taken_before_the_one_in_front_of_it_is_told() -> None:
    outcome, (finding,) = judged({**numbered(), "e2_7": 10})
    assert (outcome.evaluated, finding.related) == (44, ("e2_6", "e2_7"))
    assert "170 seconds before it" in finding.message


def test_ids_are_ordered_by_their_numbers_and_not_by_their_letters() -> None:
    assert judged(numbered())[0].outcome is OutcomeStatus.PASSED


def test_ids_that_tell_no_order_are_not_judged() -> None:
    times = list(range(48))
    random.Random(2).shuffle(times)
    outcome, findings = judged(dict(zip(numbered(), times, strict=True)))
    assert (outcome.outcome, findings) == (OutcomeStatus.VACUOUS, ())


@pytest.mark.fires("KV417")
def test_a_leak_of_an_examination_is_found_where_folders_tell_the_splits() -> None:
    groups = ImageGroups("", {one: (GroupPlace("examination 1", 3),) for one in "ab"})
    folders = ToldByFolders(splits={"a": "train", "b": "test"})
    evidence: Any = SimpleNamespace(
        absent={"table": "there is none"}, groups=groups, folders=folders, spec=SimpleNamespace(made_by="person")
    )
    (finding,) = run_check(split_leak_by_group, evidence)[1]
    assert finding.message == "the 2 images of examination 1 are in several splits: 1 in test, 1 in train"


def test_groups_are_named_as_what_tells_them_does() -> None:
    assert ImageGroups("patient").called("P1") == "the group 'P1'"
    assert ImageGroups().called("examination 3") == "examination 3"
