"""Copies are told by group: one finding for all images that show the same, whatever the order and number of pairs."""

from __future__ import annotations

from itertools import combinations
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvqa_audit.checks.kv201_identical_bytes import identical_bytes
from kvqa_audit.checks.kv203_duplicates_with_conflicting_answers import duplicates_with_conflicting_answers
from kvqa_audit.checks.kv204_near_duplicates import near_duplicates
from kvqa_audit.checks.kv205_duplicates_across_sources import duplicates_across_sources
from kvqa_audit.checks.kv410_split_leak_by_identical_picture import split_leak_by_identical_picture
from kvqa_audit.checks.runner import run_check
from kvqa_audit.duplicates.groups import group_of, representatives
from kvqa_audit.model import DuplicatePair, ImageFingerprint, Severity, Tier
from kvqa_audit.spec.dataset_spec import DatasetSpec

SPEC = DatasetSpec.model_validate(
    {
        "name": "test",
        "rows": 0,
        "images": 0,
        "sources": {"A": {"images": 1}, "B": {"images": 1}},
        "vocabularies": {"yes_no": {"answers": ["yes", "no"]}, "kind": {"answers": ["flat", "round"]}},
        "questions": [
            {"name": "seen", "type": "yes/no", "vocabulary": "yes_no", "text": "Is it seen?"},
            {
                "name": "kind",
                "type": "multiple choice",
                "vocabulary": "kind",
                "one_row_per_item": True,
                "text": "Which?",
            },
        ],
        "other_questions": "free text",
    }
)
Row = tuple[str, str, str, str]


def pairs_among(members: str, tier: Tier, transform: str = "identity") -> list[DuplicatePair]:
    edges = [(left, right, 0.97) for left, right in combinations(sorted(members), 2)]
    group = representatives(edges)
    return [DuplicatePair(a, b, tier, 5, s, transform, group_of(a, b, group)) for a, b, s in edges]


def evidence(pairs: list[DuplicatePair], rows: list[Row] | None = None, splits: list[str] | None = None) -> Any:
    frame = pd.DataFrame(rows or [], columns=["source", "question", "answer", "img_id"], dtype=str)
    table = SimpleNamespace(frame=frame, splits=splits or [])
    return SimpleNamespace(
        spec=SPEC,
        table=table,
        pairs=tuple(pairs),
        fingerprints=tuple(ImageFingerprint(one, one, 1, None) for one in "abcdefgh"),
        absent={},
    )


@given(st.permutations(pairs_among("abcdef", Tier.IDENTICAL_BYTES)), st.integers(5, 15))
def test_identical_files_are_one_finding_however_their_pairs_are_listed(pairs, kept) -> None:
    star = [pair for pair in pairs if pair.left == "a"]
    for given_pairs in (pairs, [*star, *pairs[:kept]]):
        outcome, (finding,) = run_check(identical_bytes, evidence(given_pairs))
        assert (finding.related, outcome.violations, outcome.evaluated) == (tuple("abcdef"), 1, 8)
        assert finding.key == run_check(identical_bytes, evidence(star))[1][0].key
        assert finding.message == "a, b, c, d and 2 more are the same file"
        assert finding.suggestion == "Keep a, drop the other 5"


def test_violations_never_outnumber_what_was_evaluated() -> None:
    pairs = [*pairs_among("abcd", Tier.IDENTICAL_BYTES), *pairs_among("efgh", Tier.NEAR)]
    for check in (identical_bytes, near_duplicates):
        outcome, _ = run_check(check, evidence(pairs))
        assert 0 < outcome.violations <= outcome.evaluated // 2


def test_a_group_says_who_represents_it_and_how_its_pairs_differ() -> None:
    pairs = [
        DuplicatePair("a", "b", Tier.RE_ENCODE, 2, 0.999, "identity", "b"),
        DuplicatePair("b", "c", Tier.NEAR, 60, 0.983, "crop", "b"),
    ]
    _, (finding,) = run_check(near_duplicates, evidence(pairs))
    assert finding.related == ("a", "b", "c")
    facts = finding.evidence
    assert (facts["representative"], facts["pairs"], facts["members"]) == ("b", 2, 3)
    assert facts["tiers"] == {"re-encode": 1, "near": 1}
    assert facts["transforms"] == ["crop", "identity"]
    assert "at least similarity 0.983 after crop, at most 60 of 256 hash bits differ" in finding.message


def rows_of(question: str, answers: dict[str, str], sources: str = "A") -> list[Row]:
    return [(sources, question, answer, image) for image, answer in answers.items()]


@pytest.mark.parametrize("question", ["Is it seen?", "Is anything else seen?"])
def test_one_finding_for_a_group_and_a_question_and_yes_against_no_comes_first(question) -> None:
    rows = [
        *rows_of("How is it called?", {"a": "one", "b": "another", "c": "one", "d": "one"}),
        *rows_of(question, {"a": "yes", "b": "no", "c": "no", "d": "no"}),
    ]
    outcome, (first, second) = run_check(
        duplicates_with_conflicting_answers, evidence(pairs_among("abcd", Tier.NEAR), rows)
    )
    assert (outcome.evaluated, outcome.violations) == (2, 2)
    assert question.casefold().startswith((first.question or "").casefold())
    assert "how is it called" in (second.question or "").casefold()
    assert first.related == tuple("abcd")
    assert first.evidence["answers_by_image"] == {"a": "yes", "b": "no", "c": "no", "d": "no"}
    assert "3 say 'no' and 1 say 'yes'" in first.message


@pytest.mark.parametrize(
    ("left", "right", "severity"), [("flat", "round", Severity.ERROR), ("flat; round", "flat", Severity.WARNING)]
)
def test_items_in_rows_of_their_own_may_be_left_out_but_not_differ(left, right, severity) -> None:
    rows = rows_of("Which?", {"a": left, "b": right})
    _, (finding,) = run_check(duplicates_with_conflicting_answers, evidence(pairs_among("ab", Tier.NEAR), rows))
    assert finding.severity is severity


def test_sources_and_splits_of_a_group_are_one_finding() -> None:
    images = "abc"
    rows = [("A" if image == "a" else "B", "Is it seen?", "yes", image) for image in images]
    found = evidence(pairs_among(images, Tier.IDENTICAL_BYTES), rows, ["train", "test", "train"])
    outcome, (finding,) = run_check(duplicates_across_sources, found)
    assert (outcome.evaluated, finding.evidence["sources"]) == (1, [["A"], ["B"], ["B"]])
    outcome, (finding,) = run_check(split_leak_by_identical_picture, found)
    assert finding.related == tuple(images)
    assert finding.evidence["splits"] == [["train"], ["test"], ["train"]]
    assert outcome.violations <= outcome.evaluated


@pytest.mark.parametrize(
    ("orientations", "transform", "told"),
    [
        ({}, "rotate-90", None),
        ({"b": 6}, "rotate-90", "as viewers show them they are equal"),
        ({"b": 3}, "rotate-180", "as viewers show them they are equal"),
        ({"b": 6}, "identity", "viewers show them turned against what is stored"),
        ({"a": 6, "b": 6}, "identity", "all are turned by their EXIF tag (6)"),
    ],
)
def test_copies_say_whether_viewers_show_them_alike(orientations, transform, told) -> None:
    found = evidence(pairs_among("ab", Tier.NEAR, transform))
    found.fingerprints = tuple(
        ImageFingerprint(one, one, 1, None, orientation=orientations.get(one, 1)) for one in "ab"
    )
    _, (finding,) = run_check(near_duplicates, found)
    assert (told in finding.message) if told else ("viewers" not in finding.message)
