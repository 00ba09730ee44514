"""Guessing without a picture: out of sample, right and wrong counted by hand and by scikit-learn."""

from __future__ import annotations

import random

import pandas as pd
import pytest

from kvqa_audit.answers.baselines import ALL_QUESTIONS, Baseline, majority_baselines
from kvqa_audit.answers.cells import answer_cells
from kvqa_audit.spec.load import load_spec

SPEC = load_spec()
TEXT, BOX = "Is there text?", "Is there a green/black box artefact?"
Row = tuple[str, str, str, str]


def scored(rows: list[Row], group_of: dict[str, str] | None = None) -> dict[tuple[str, str], Baseline]:
    frame = pd.DataFrame(rows, columns=["source", "question", "answer", "img_id"], dtype=str)
    return {(b.knows, b.question): b for b in majority_baselines(answer_cells(frame, SPEC), group_of or {})}


def test_the_source_gives_the_answer_away() -> None:
    rows = [("Polyps", TEXT, "yes", f"p{n}") for n in range(100)] + [("Normal", TEXT, "no", f"n{n}") for n in range(80)]
    found = scored(rows)
    assert found["question", TEXT].accuracy == pytest.approx(100 / 180)
    assert found["question", TEXT].macro_f1 == pytest.approx((2 * 100 / 280 + 0) / 2)
    informed = found["question and source", TEXT]
    assert (informed.accuracy, informed.macro_f1, informed.cells, informed.answers) == (1.0, 1.0, 180, 2)
    assert (informed.accuracy_low, informed.accuracy_high) == (1.0, 1.0)
    plain = found["question", TEXT]
    assert plain.accuracy_low < plain.accuracy < plain.accuracy_high


def test_an_answer_that_no_other_image_gives_is_never_guessed() -> None:
    answers = [str(number) for number in range(30)]
    found = scored([("Polyps", "How many polyps are in the image?", answer, f"p{answer}") for answer in answers])
    assert found["question", ALL_QUESTIONS].accuracy == 0.0


def test_where_no_other_image_of_the_source_is_asked_the_question_alone_is_guessed_from() -> None:
    found = scored([("Polyps", TEXT, "yes", f"p{n}") for n in range(40)] + [("Normal", TEXT, "yes", "n")])
    assert found["question and source", TEXT].accuracy == 1.0


def test_copies_cannot_vouch_for_each_other() -> None:
    question = "How many polyps are in the image?"
    rows = [("Polyps", question, str(number), f"picture {number}") for number in range(10, 30)]
    rows += [("Polyps", question, "7", f"copy {number}") for number in range(20)]
    copies = {f"copy {number}": "copy 0" for number in range(20)}
    assert scored(rows)["question", question].accuracy == 0.5
    assert scored(rows, copies)["question", question].accuracy == 0.0


def test_scores_over_all_questions_are_those_of_the_single_ones() -> None:
    rng = random.Random(5)
    rows = [
        (source, question, rng.choice(answers), f"{source}{n}")
        for source, answers in (("Polyps", ["yes", "yes", "no"]), ("Normal", ["no", "no", "no", "yes"]))
        for n in range(60)
        for question in (TEXT, BOX)
    ]
    found = scored(rows)
    for knows in ("question", "question and source"):
        text, box, both = (found[knows, question] for question in (TEXT, BOX, ALL_QUESTIONS))
        assert both.accuracy == pytest.approx((text.accuracy * text.cells + box.accuracy * box.cells) / both.cells)
        assert both.macro_f1 == pytest.approx((text.macro_f1 + box.macro_f1) / 2)
        assert both.accuracy_low < both.accuracy < both.accuracy_high


def test_macro_f1_is_that_of_scikit_learn() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    import numpy as np

    from kvqa_audit.answers.baselines import _macro_f1

    truth, guess = (np.random.default_rng(seed).integers(0, 5, 200) for seed in (1, 2))
    expected = metrics.f1_score(truth, guess, average="macro")
    assert _macro_f1(truth, guess, np.ones((200, 1)))[0] == pytest.approx(expected)


def test_nothing_answered_has_no_baseline() -> None:
    assert scored([("Polyps", TEXT, " ", "a")]) == {}


def test_one_cell_is_scored() -> None:
    assert scored([("Polyps", TEXT, "yes", "a")])["question", TEXT].accuracy == 0.0
