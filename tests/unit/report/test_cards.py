"""Tests of the cards: what is asked, which answers are in doubt, and that odd evidence harms nothing."""

from __future__ import annotations

from typing import Any

import pytest

from kvqa_audit.model import CheckDoc, Finding, Severity
from kvqa_audit.report.cards import Card, KnownOfImages, cards_of
from kvqa_audit.report.outlines import outlines_of

DOC = CheckDoc(
    "Rule R1: What is counted is there", "A model learns to count what is not there.", "Count again.", "images"
)
KNOWN = KnownOfImages(
    {"a": "Polyps"},
    {"a": (("How many?", "2"), ("Which?", "none"), ("Is it bright?", "yes"))},
    {"n": "How many?", "kind": "Which?", "how many??": "How many?"},
)


def card(**parts: Any) -> Card:
    [made] = cards_of([Finding("KV350", Severity.WARNING, "said", "a", key="0" * 16, **parts)], DOC, KNOWN)
    return made


def against(seen: bool, confidence: float, *regions: Any) -> Card:
    evidence = {"detector": "box", "seen": seen, "confidence": confidence, "regions": list(regions)}
    return card(question="Is it bright?", answer="yes", evidence=evidence)


def test_the_answers_that_a_rule_names_are_in_doubt_by_their_questions_texts_and_the_others_stand_apart() -> None:
    made = card(evidence={"answers": {"n": 2, "kind": "none", "not asked": None}, "when": "n > 0"})
    assert [(doubt.question, doubt.answer) for doubt in made.doubts] == [("Which?", "none"), ("How many?", "2")]
    assert made.other_answers == (("Is it bright?", "yes"),)
    assert (made.ask, made.reasons) == ("Can these answers be right together?", ("What is counted is there",))
    assert (made.advice, made.picture and made.picture.caption) == ("Count again.", "Polyps")


def test_a_misspelt_question_is_the_same_question() -> None:
    made = card(question="how many??", answer="2")
    assert [doubt.question for doubt in made.doubts] == ["How many?"]
    assert ("How many?", "2") not in made.other_answers


def test_what_was_expected_and_why_is_kept() -> None:
    evidence = {"probability": 0.01, "expected": "no", "expected_probability": 0.98, "reasons": ["its source is 'x'"]}
    made = card(question="Is it bright?", answer="yes", evidence=evidence)
    [doubt] = made.doubts
    assert (doubt.probability, doubt.expected, doubt.expected_probability) == (0.01, "no", 0.98)
    assert made.reasons == ("its source is 'x'",)


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (
            against(True, 0.8, {"x": 0.0, "y": 0.8, "width": 0.2, "height": 0.2}),
            "the picture shows a box, outlined (80% sure)",
        ),
        (against(False, 0.3), "no box was found in the picture (70% sure)"),
    ],
)
def test_what_was_seen_is_said_in_words(made: Card, words: str) -> None:
    assert made.reasons == (words,)
    assert bool(made.outlines) == ("outlined" in words)


def test_an_outline_goes_around_its_region_and_stays_in_the_picture() -> None:
    [outline] = outlines_of([{"x": 0.5, "y": 0.8, "width": 0.2, "height": 0.9}])
    assert 0 < outline.x < 0.5
    assert outline.x + outline.width > 0.7
    assert outline.y + outline.height < 1


def test_the_lines_of_one_text_have_one_outline_and_what_lies_apart_its_own() -> None:
    lines = [{"x": 0.05, "y": y, "width": width, "height": 0.03} for y, width in ((0.2, 0.1), (0.3, 0.1), (0.24, 0.2))]
    lines += [{"x": 0.05, "y": 0.28, "width": 0.1, "height": 0.02}, {"x": 0.8, "y": 0.9, "width": 0.1, "height": 0.05}]
    block, apart = sorted(outlines_of(lines), key=lambda one: one.x)
    assert (block.y < 0.2, block.y + block.height > 0.33, 0.2 < block.width < 0.23) == (True, True, True)
    assert apart.x == pytest.approx(0.8, abs=0.01)


@pytest.mark.parametrize(
    "region",
    [None, "x", [], {}, {"x": 0.1}, {"x": "0", "y": 0, "width": 1, "height": 1},
     {"x": 2, "y": 0, "width": 1, "height": 1},
     {"x": float("nan"), "y": 0, "width": 1, "height": 1}, {"x": 0, "y": 0, "width": float("inf"), "height": 1}],
)  # fmt: skip
def test_a_region_that_is_none_draws_nothing(region: Any) -> None:
    assert outlines_of([region]) == outlines_of(region) == ()


@pytest.mark.parametrize("odd", [None, "0.5", True, [], float("nan"), -1, 1e300])
def test_a_probability_that_is_none_is_not_shown(odd: Any) -> None:
    made = card(question="q?", answer="x", evidence={"probability": odd, "expected": 7, "reasons": "no list"})
    [doubt] = made.doubts
    assert (doubt.probability, doubt.expected, made.reasons) == (None, None, ("said",))


def test_a_finding_without_an_image_is_a_card_without_a_picture() -> None:
    [made] = cards_of([Finding("KV402", Severity.INFO, "always 'no'")], DOC, KNOWN)
    assert (made.picture, made.doubts, made.other_answers, made.image_ids) == (None, (), (), ())


def test_the_pictures_most_like_it_are_shown_with_their_answers_and_what_the_picture_says() -> None:
    nearest = [{"img_id": f"n{number}", "answer": "yes"} for number in range(5)]
    said = {"answer": "no", "probability": 0.625}
    made = card(evidence={"expected": "no", "reasons": ["it is so"], "picture": said, "nearest": nearest})
    assert [(picture.img_id, answer) for picture, answer in made.alike] == [("n0", "yes"), ("n1", "yes"), ("n2", "yes")]
    assert made.reasons == ("it is so", "by its look alone the picture would be answered 'no' (62% sure)")
    assert made.image_ids == ("a",)


@pytest.mark.parametrize("nearest", [7, "n", [7], [{"img_id": 7, "answer": "yes"}], [{"img_id": "n"}]])
def test_what_is_no_list_of_pictures_shows_none(nearest: Any) -> None:
    assert card(evidence={"nearest": nearest}).alike == ()
