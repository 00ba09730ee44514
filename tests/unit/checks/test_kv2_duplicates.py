"""Verified pairs become findings that name both images, and answers that contradict each other are told."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from kvqa_audit.checks.kv201_identical_bytes import identical_bytes
from kvqa_audit.checks.kv202_identical_pixels import identical_pixels
from kvqa_audit.checks.kv203_duplicates_with_conflicting_answers import duplicates_with_conflicting_answers
from kvqa_audit.checks.kv204_near_duplicates import near_duplicates
from kvqa_audit.checks.kv205_duplicates_across_sources import duplicates_across_sources
from kvqa_audit.checks.kv206_near_frames import near_frames
from kvqa_audit.checks.runner import run_check
from kvqa_audit.model import (
    MOVED,
    DuplicatePair,
    GroupPlace,
    ImageFingerprint,
    ImageGroups,
    OutcomeStatus,
    Severity,
    Tier,
)
from kvqa_audit.spec.dataset_spec import DatasetSpec

SPEC = DatasetSpec.model_validate(
    {
        "name": "test",
        "rows": 0,
        "images": 0,
        "sources": {"Polyps": {"images": 1}, "Normal": {"images": 1}},
        "vocabularies": {
            "yes_no": {"answers": ["yes", "no"]},
            "place": {"answers": ["upper-right", "center"], "misspellings": {"upper-rigth": "upper-right"}},
            "colour": {"answers": ["red", "pink"]},
        },
        "questions": [
            {"name": "text", "type": "yes/no", "vocabulary": "yes_no", "text": "Is there text?"},
            {"name": "place", "type": "location", "vocabulary": "place", "text": "Where?"},
            {"name": "colour", "type": "colour", "vocabulary": "colour", "text": "What colour?"},
        ],
        "pixel_evidence": {"text": {"question": "text"}},
    }
)
BY_TIER = {
    Tier.IDENTICAL_BYTES: (identical_bytes, Severity.ERROR),
    Tier.IDENTICAL_PIXELS: (identical_pixels, Severity.ERROR),
    Tier.RE_ENCODE: (near_duplicates, Severity.WARNING),
    Tier.NEAR: (near_duplicates, Severity.WARNING),
    Tier.NEAR_FRAME: (near_frames, Severity.INFO),
}


def pair(tier: Tier = Tier.NEAR, transform: str = "identity") -> DuplicatePair:
    return DuplicatePair("a", "b", tier, 6, 0.97, transform, "a")


def evidence(*pairs: DuplicatePair, rows: list[tuple[str, str, str, str]] | None = None, **parts: Any) -> Any:
    frame = pd.DataFrame(rows or [], columns=["source", "question", "answer", "img_id"], dtype=str)
    table = SimpleNamespace(frame=frame)
    return SimpleNamespace(
        spec=SPEC,
        table=table,
        pairs=pairs,
        fingerprints=tuple(ImageFingerprint(one, one, 1, None) for one in "abc"),
        absent={},
        **{"groups": ImageGroups()} | parts,
    )


def answered(question: str, left: str, right: str) -> list[tuple[str, str, str, str]]:
    return [("Polyps", question, left, "a"), ("Polyps", question, right, "b")]


@pytest.mark.parametrize(
    "tier",
    [
        pytest.param(Tier.IDENTICAL_BYTES, marks=pytest.mark.fires("KV201")),
        pytest.param(Tier.IDENTICAL_PIXELS, marks=pytest.mark.fires("KV202")),
        pytest.param(Tier.RE_ENCODE, marks=pytest.mark.fires("KV204")),
        pytest.param(Tier.NEAR, marks=pytest.mark.fires("KV204")),
        pytest.param(Tier.NEAR_FRAME, marks=pytest.mark.fires("KV206")),
    ],
)
def test_each_tier_is_reported_by_its_check_and_by_no_other(tier) -> None:
    for check in {found[0] for found in BY_TIER.values()}:
        outcome, findings = run_check(check, evidence(pair(tier)))
        expected, severity = BY_TIER[tier]
        if check is not expected:
            assert (outcome.outcome, outcome.evaluated) == (OutcomeStatus.PASSED, 3)
            continue
        (finding,) = findings
        assert (finding.severity, finding.related, finding.img_id) == (severity, ("a", "b"), None)
        assert finding.evidence == {
            "images": ["a", "b"],
            "tier": tier.value,
            "distance_bits": 6,
            "similarity": 0.97,
            "transform": "identity",
            "group": "a",
        }


def test_without_images_nothing_is_said() -> None:
    nothing = evidence()
    nothing.absent["duplicates"] = "no image was looked at"
    outcome, _ = run_check(identical_bytes, nothing)
    assert (outcome.outcome, outcome.reason) == (OutcomeStatus.SKIPPED, "no image was looked at")


@pytest.mark.fires("KV203")
def test_two_answers_to_one_picture_are_a_conflict() -> None:
    rows = answered("Is there text?", "yes", "no")
    outcome, (finding,) = run_check(duplicates_with_conflicting_answers, evidence(pair(), rows=rows))
    assert (outcome.evaluated, finding.question, finding.related) == (1, "Is there text?", ("a", "b"))
    assert (finding.evidence["left"], finding.evidence["right"]) == ("yes", "no")
    assert "'yes'" in finding.message
    assert "'no'" in finding.message


@pytest.mark.parametrize(
    ("question", "left", "right"),
    [
        ("Is there text?", "yes", " Yes "),
        ("What colour?", "red; pink", "pink;red"),
        ("Where?", "upper-rigth", "upper-right"),
        ("A question of no catalogue", "A  b", "a b"),
    ],
)
def test_answers_that_mean_the_same_are_no_conflict(question, left, right) -> None:
    rows = answered(question, left, right)
    outcome, _ = run_check(duplicates_with_conflicting_answers, evidence(pair(), rows=rows))
    assert (outcome.outcome, outcome.evaluated) == (OutcomeStatus.PASSED, 1)


def test_answers_in_several_rows_are_compared_together() -> None:
    rows = [*answered("What colour?", "red", "pink"), *answered("What colour?", "pink", "red")]
    assert run_check(duplicates_with_conflicting_answers, evidence(pair(), rows=rows))[1] == ()


@pytest.mark.parametrize(("left", "right"), [("yes", ""), ("", ""), ("yes", "  ")])
@pytest.mark.parametrize("question", ["Is there text?", "A question of no catalogue"])
def test_a_blank_answer_is_not_compared(question, left, right) -> None:
    rows = answered(question, left, right)
    outcome, _ = run_check(duplicates_with_conflicting_answers, evidence(pair(), rows=rows))
    assert outcome.outcome is OutcomeStatus.VACUOUS


def test_none_and_yes_are_a_conflict_and_a_missing_row_is_not() -> None:
    rows = [*answered("What colour?", "none", "red"), ("Polyps", "Is there text?", "yes", "a")]
    outcome, (finding,) = run_check(duplicates_with_conflicting_answers, evidence(pair(), rows=rows))
    assert (outcome.evaluated, finding.evidence["left"]) == (1, "none")


@pytest.mark.parametrize(
    ("transform", "compared"), [("identity", 1), ("overlay", 1), ("flip-horizontal", 0), ("crop", 0)]
)
def test_where_something_lies_is_not_compared_once_the_picture_was_moved(transform, compared) -> None:
    rows = answered("Where?", "upper-right", "center")
    outcome, findings = run_check(duplicates_with_conflicting_answers, evidence(pair(transform=transform), rows=rows))
    assert (outcome.evaluated, len(findings)) == (compared, compared)


@pytest.mark.parametrize(
    ("question", "transform", "compared"),
    [
        ("Is there text?", "identity", 1),
        ("Is there text?", "light", 1),
        ("Is there text?", "overlay", 0),
        ("Is there text?", "flip-horizontal + crop", 0),
        ("What colour?", "overlay", 1),
        ("What colour?", "light", 0),
    ],
)
def test_what_was_done_to_a_copy_may_change_its_answer(question, transform, compared) -> None:
    rows = answered(question, *(("yes", "no") if "text" in question else ("red", "pink")))
    outcome, findings = run_check(duplicates_with_conflicting_answers, evidence(pair(transform=transform), rows=rows))
    assert (outcome.evaluated, len(findings)) == (compared, compared)


@pytest.mark.parametrize(
    ("transform", "words"),
    [
        ("identity", "similarity 0.970, "),
        ("light", "similarity 0.970 in other light, "),
        ("overlay", "similarity 0.970 beside what was laid over one, "),
        ("crop", "similarity 0.970 after crop, "),
    ],
)
def test_what_was_done_is_told_in_words(transform, words) -> None:
    _, (finding,) = run_check(near_duplicates, evidence(pair(transform=transform)))
    assert words in finding.message


def test_neighbouring_frames_may_be_answered_differently() -> None:
    rows = [("Polyps", "Is there text?", "yes", "a"), ("Normal", "Is there text?", "no", "b")]
    neighbours = evidence(pair(Tier.NEAR_FRAME), rows=rows)
    for check in (duplicates_with_conflicting_answers, duplicates_across_sources):
        assert run_check(check, neighbours)[1] == ()


@pytest.mark.fires("KV205")
def test_a_picture_under_two_sources_is_told_with_both() -> None:
    rows = [("Polyps", "Is there text?", "yes", "a"), ("Normal", "Is there text?", "yes", "b")]
    outcome, (finding,) = run_check(duplicates_across_sources, evidence(pair(Tier.IDENTICAL_BYTES), rows=rows))
    assert (outcome.evaluated, finding.related) == (1, ("a", "b"))
    assert finding.evidence["sources"] == [["Polyps"], ["Normal"]]
    assert "a (Polyps) and b (Normal)" in finding.message


def test_a_group_of_which_one_picture_has_no_row_crosses_no_sources() -> None:
    rows = [("Polyps", "Is there text?", "yes", "a"), ("Polyps", "Is there text?", "yes", "c")]
    outcome, found = run_check(duplicates_across_sources, evidence(pair(), rows=rows))
    assert (outcome.evaluated, found) == (0, ())


def test_an_image_without_rows_has_no_source_to_differ() -> None:
    rows = [("Polyps", "Is there text?", "yes", "a")]
    outcome, _ = run_check(duplicates_across_sources, evidence(pair(), rows=rows))
    assert outcome.outcome is OutcomeStatus.VACUOUS


@pytest.mark.fires("KV206")
def test_near_frames_say_what_moved_and_how_many_seconds_lie_between_them() -> None:
    frames = {"a": 16, "b": 71, "c": 20}
    groups = ImageGroups("exam", {one: (GroupPlace("7", at),) for one, at in frames.items()})
    moved = evidence(pair(Tier.NEAR_FRAME, MOVED), groups=groups)
    (found,) = run_check(near_frames, moved)[1]
    assert found.message == (
        "a and b show the same scene, 55 s apart (97% of the places with texture are found again as if moved together)"
    )
    assert found.evidence["seconds"] == 55
    three = (pair(Tier.NEAR_FRAME), DuplicatePair("a", "c", Tier.NEAR_FRAME, 6, 0.95, "identity", "a"))
    (found,) = run_check(near_frames, evidence(*three, groups=groups))[1]
    assert "at most 55 s apart" in found.message
    (found,) = run_check(near_frames, evidence(*three, groups=ImageGroups("exam", {"a": (GroupPlace("7", 3),)})))[1]
    assert "apart" not in found.message
    assert "seconds" not in found.evidence
