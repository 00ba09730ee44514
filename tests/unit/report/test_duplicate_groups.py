"""Tests of the duplicate groups: what comes first, what differs, and what is left out and said."""

from __future__ import annotations

from dataclasses import replace

from kvqa_audit.model import DuplicatePair, Finding, Severity, Tier
from kvqa_audit.report.duplicate_groups import duplicate_groups
from tests.report_samples import sample_run


def pair(left: str, right: str, group: str, tier: Tier = Tier.IDENTICAL_BYTES) -> DuplicatePair:
    return DuplicatePair(left, right, tier, 0, 1.0, "identity", group)


def conflict(left: str, right: str, question: str, *answers: str) -> Finding:
    evidence = dict(zip(("left", "right"), answers, strict=False))
    return Finding("KV203", Severity.ERROR, "two ways", question=question, related=(left, right), evidence=evidence)


def test_conflicts_come_first_then_what_is_graver() -> None:
    run = replace(
        sample_run(),
        pairs=(pair("a", "b", "g1"), pair("c", "d", "g2"), pair("e", "f", "g3")),
        findings=(
            conflict("e", "f", "Is there text?", "yes", "no"),
            Finding("KV205", Severity.ERROR, "two sources", related=("c", "d"), key="1" * 16),
            Finding("KV204", Severity.WARNING, "the same", related=("a", "b"), key="2" * 16),
            Finding("KV204", Severity.WARNING, "apart", related=("a", "c"), key="3" * 16),
        ),
        metrics={"sources": {"a": "Normal", "b": "Normal", "c": "Normal", "d": "Polyps", "e": "Normal", "f": "Normal"}},
    )
    groups = duplicate_groups(run)
    assert [[p.img_id for p in group.pictures] for group in groups.shown] == [["e", "f"], ["c", "d"], ["a", "b"]]
    assert (groups.conflicting, groups.pictures) == (1, 6)
    assert [[f.check for f in group.findings] for group in groups.shown] == [["KV203"], ["KV205"], ["KV204"]]
    assert groups.shown[0].conflicts[0].answers == ("yes", "no")
    assert groups.shown[1].title == "2 pictures, the same file, in 2 sources"


def test_a_question_that_several_pairs_differ_in_is_one_line_with_all_answers() -> None:
    run = replace(
        sample_run(),
        pairs=(pair("a", "b", "g"), pair("a", "c", "g"), pair("b", "c", "g", Tier.NEAR)),
        findings=(conflict("a", "b", "q", "1", "2"), conflict("a", "c", "q", "1", "3")),
    )
    [group] = duplicate_groups(run).shown
    assert [line.answers for line in group.conflicts] == [("1", "2", "3")]
    assert group.title == "3 pictures, altered copies"


def test_a_conflict_without_answers_still_has_its_message() -> None:
    run = replace(sample_run(), pairs=(pair("a", "b", "g"),), findings=(conflict("a", "b", "q"),))
    [line] = duplicate_groups(run).shown[0].conflicts
    assert (line.answers, line.message) == (("", ""), "two ways")


def test_two_hundred_groups_and_eight_pictures_are_shown_and_the_rest_is_counted() -> None:
    big = tuple(pair("p00", f"p{n:02d}", "big") for n in range(1, 30))
    many = tuple(pair(f"l{n:03d}", f"r{n:03d}", f"g{n:03d}") for n in range(299))
    groups = duplicate_groups(replace(sample_run(), pairs=big + many, findings=()))
    assert (groups.total, len(groups.shown)) == (300, 200)
    first = groups.shown[0]
    assert (len(first.pictures), first.more, len(first.pairs), first.more_pairs) == (8, 22, 12, 17)


def test_what_was_done_to_a_copy_is_said_in_words_and_the_pair_that_differs_is_laid_first() -> None:
    pairs = (
        pair("a", "b", "g"),
        DuplicatePair("a", "c", Tier.NEAR, 90, 0.99, "flip-horizontal + crop", "g"),
        DuplicatePair("b", "c", Tier.RE_ENCODE, 3, 0.99, "identity", "g"),
    )
    [group] = duplicate_groups(replace(sample_run(), pairs=pairs, findings=(conflict("c", "a", "q", "1", "2"),))).shown
    assert group.reasons == (
        "they are the same file",
        "one is the other, saved anew",
        "one is the other, mirrored and cropped",
    )
    assert group.laid[0] == ("a", "c")
    assert group.moved


def test_a_pair_whose_pictures_stand_in_two_groups_is_shown_in_its_own() -> None:
    pairs = (pair("a", "b", "g1"), pair("b", "c", "g2"), pair("c", "d", "g2"))
    groups = duplicate_groups(replace(sample_run(), pairs=pairs, findings=(conflict("b", "a", "q", "1", "2"),)))
    assert [(len(group.pictures), len(group.findings)) for group in groups.shown] == [(2, 1), (3, 0)]
