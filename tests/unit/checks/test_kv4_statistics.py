"""What was measured about the answers becomes findings where it is too much, and nothing else does."""

from __future__ import annotations

import random
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from kvqa_audit.answers.study import study_pictures, study_table
from kvqa_audit.checks.base import Check
from kvqa_audit.checks.kv207_unstable_answers import unstable_answers
from kvqa_audit.checks.kv405_answer_depends_on_id_order import answer_depends_on_id_order
from kvqa_audit.checks.kv406_shortcut_from_source import shortcut_from_source
from kvqa_audit.checks.kv407_shortcut_from_image_size import shortcut_from_image_size
from kvqa_audit.checks.kv408_stereotyped_answers import stereotyped_answers
from kvqa_audit.checks.runner import run_check
from kvqa_audit.model import CheckOutcome, DuplicatePair, Finding, ImageFingerprint, OutcomeStatus, Tier
from kvqa_audit.spec.load import load_spec

SPEC = load_spec()
TEXT, BOX = "Is there text?", "Is there a green/black box artefact?"
Row = tuple[str, str, str, str]


def run(
    check: Check,
    rows: list[Row],
    pairs: tuple[DuplicatePair, ...] = (),
    fingerprints: tuple[ImageFingerprint, ...] = (),
) -> tuple[CheckOutcome, tuple[Finding, ...]]:
    frame = pd.DataFrame(rows, columns=["source", "question", "answer", "img_id"], dtype=str)
    study = study_pictures(study_table(frame, SPEC), pairs, fingerprints, SPEC)
    evidence: Any = SimpleNamespace(spec=SPEC, study=study, absent={})
    return run_check(check, evidence)


def copies(groups: int, disagreeing: int) -> tuple[list[Row], tuple[DuplicatePair, ...]]:
    rows = [
        ("Polyps", TEXT, "no" if side == "b" and number < disagreeing else "yes", f"{number:03}{side}")
        for number in range(groups)
        for side in "ab"
    ]
    pairs = [
        DuplicatePair(f"{n:03}a", f"{n:03}b", Tier.IDENTICAL_BYTES, 0, 1.0, "identity", f"{n:03}a")
        for n in range(groups)
    ]
    return rows, tuple(pairs)


@pytest.mark.fires("KV207")
def test_kv207_names_a_question_that_copies_answer_differently() -> None:
    outcome, (finding,) = run(unstable_answers, *copies(40, 20))
    assert (finding.question, finding.score, outcome.evaluated) == (TEXT, 0.5, 1)
    assert finding.evidence["pairs"] == 40
    assert (outcome.measured, outcome.threshold) == (0.5, 0.9)


def test_kv207_needs_ten_groups_and_more_than_chance() -> None:
    assert run(unstable_answers, *copies(9, 9))[0].outcome is OutcomeStatus.VACUOUS
    assert run(unstable_answers, *copies(40, 2))[0].outcome is OutcomeStatus.PASSED


def in_a_row(answers: list[str]) -> list[Row]:
    return [("Polyps", TEXT, answer, f"p{number:04}") for number, answer in enumerate(answers)]


@pytest.mark.fires("KV405")
def test_kv405_names_the_batch() -> None:
    outcome, (finding,) = run(answer_depends_on_id_order, in_a_row(["yes", "no"] * 150 + ["no"] * 200))
    assert (finding.question, finding.related, outcome.evaluated) == (TEXT, ("Polyps",), 1)
    assert finding.evidence["images"] == ["p0300", "p0349"]
    assert "images p0300 to p0349" in finding.message


def test_kv405_lets_a_shuffled_table_pass() -> None:
    answers = ["yes", "no"] * 150 + ["no"] * 200
    random.Random(4).shuffle(answers)
    assert run(answer_depends_on_id_order, in_a_row(answers))[0].outcome is OutcomeStatus.PASSED


def test_kv405_needs_a_shift_that_is_both_sure_and_large() -> None:
    def blocks(first: int, second: int, size: int, times: int = 1) -> list[str]:
        return [answer for yes in (first, second) for answer in (["yes"] * yes + ["no"] * (size - yes)) * times]

    unsure, small = blocks(31, 19, 50), blocks(11, 9, 20, times=100)
    for answers in (unsure, small):
        outcome, findings = run(answer_depends_on_id_order, in_a_row(answers))
        assert (outcome.outcome, outcome.evaluated, findings) == (OutcomeStatus.PASSED, 1, ())
    (surely,) = run(answer_depends_on_id_order, in_a_row(blocks(45, 5, 50)))[1]
    assert surely.evidence["q_value"] < 0.01


def by_source(share_of_yes: dict[str, float]) -> list[Row]:
    return [
        (source, TEXT, "yes" if number < 100 * share else "no", f"{source}{number}")
        for source, share in share_of_yes.items()
        for number in range(100)
    ]


@pytest.mark.fires("KV406")
def test_kv406_names_what_the_source_gives_away() -> None:
    outcome, (finding,) = run(shortcut_from_source, by_source({"Polyps": 1.0, "Normal": 0.2}))
    assert finding.question == TEXT
    assert finding.score == 0.9 - 0.6
    assert outcome.measured == finding.score
    assert finding.evidence["cramers_v"] > 0.7


def test_kv406_lets_equal_sources_pass() -> None:
    outcome, _ = run(shortcut_from_source, by_source({"Polyps": 0.7, "Normal": 0.7}))
    assert (outcome.outcome, outcome.evaluated) == (OutcomeStatus.PASSED, 1)


@pytest.mark.fires("KV407")
def test_kv407_names_the_size_but_not_what_is_alike() -> None:
    rows = by_source({"Polyps": 0.5, "Normal": 0.5})
    images = tuple(
        ImageFingerprint(
            img_id, img_id, 1000, None, width=700 if source == "Polyps" else 500, height=500, brightness=n % 7
        )
        for n, (source, _, _, img_id) in enumerate(rows)
    )
    outcome, (finding,) = run(shortcut_from_image_size, rows, (), images)
    assert (finding.related, outcome.evaluated) == (("image size",), 2)
    assert finding.evidence["source_accuracy"] == 1.0


@pytest.mark.fires("KV408")
def test_kv408_names_images_that_share_all_answers() -> None:
    names = ("text", "box", "n_polyps", "n_instr", "easy")
    answers = ("no", "no", "1", "0", "yes")
    rows = [
        ("Polyps", SPEC.question_by_name[name].text, answer, f"p{number:02}")
        for number in range(12)
        for name, answer in zip(names, answers, strict=True)
    ]
    outcome, (finding,) = run(stereotyped_answers, [*rows, ("Polyps", TEXT, "yes", "q")])
    assert (outcome.evaluated, len(finding.related), finding.score) == (13, 12, 12 / 13)
    assert finding.evidence["answers"][TEXT] == "no"


def test_an_empty_table_is_vacuous_for_all() -> None:
    for check in (
        unstable_answers,
        answer_depends_on_id_order,
        shortcut_from_source,
        shortcut_from_image_size,
        stereotyped_answers,
    ):
        outcome, findings = run(check, [])
        assert (outcome.outcome, findings) == (OutcomeStatus.VACUOUS, ())
