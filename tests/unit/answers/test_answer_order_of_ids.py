"""Answers that change along the ids are told from those that do not."""

from __future__ import annotations

import random

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvqa_audit.answers.cells import answer_cells
from kvqa_audit.answers.order_of_ids import IdOrderTest, benjamini_hochberg, id_order_tests
from kvqa_audit.spec.load import load_spec

SPEC = load_spec()
TEXT = "Is there text?"


def judged(answers: list[str], source: str = "Polyps") -> tuple[IdOrderTest, ...]:
    rows = [(source, TEXT, answer, f"{source}{n:05}") for n, answer in enumerate(answers)]
    return id_order_tests(
        answer_cells(pd.DataFrame(rows, columns=["source", "question", "answer", "img_id"], dtype=str), SPEC)
    )


def test_the_batch_with_the_other_answer_is_named() -> None:
    (found,) = judged(["yes", "no"] * 200 + ["no"] * 100)
    assert (found.source, found.question, found.answered, found.blocks) == ("Polyps", TEXT, 500, 10)
    assert found.q_value < 1e-6
    assert found.chi_square == pytest.approx(8 * 50 * 0.1**2 / 0.24 + 2 * 50 * 0.4**2 / 0.24)
    assert found.cramers_v == pytest.approx(((found.chi_square / 500 - 9 / 499) / (1 - 1 / 499)) ** 0.5)
    assert (found.answer, found.first_place, found.last_place) == ("yes", 400, 449)
    assert (found.share_in_block, found.share) == (0.0, 0.4)


def test_shuffled_answers_hang_on_no_order() -> None:
    rng = random.Random(3)
    found = [test for n in range(20) for test in judged(rng.choices(["yes", "no"], k=500), f"Source {n}")]
    assert sum(test.p_value < 0.05 for test in found) <= 4
    assert max(test.cramers_v for test in found) < 0.2


def test_few_answers_or_one_answer_are_not_tested() -> None:
    assert judged(["yes", "no"] * 49) == ()
    assert judged(["yes"] * 500) == ()
    assert judged(["yes"] * 496 + ["no"] * 4) == ()


@given(st.lists(st.floats(0, 1), max_size=12))
def test_benjamini_hochberg_is_that_of_scipy(p_values: list[float]) -> None:
    stats = pytest.importorskip("scipy.stats")
    expected = stats.false_discovery_control(p_values) if p_values else []
    assert benjamini_hochberg(p_values) == pytest.approx(list(expected))


def test_the_answer_named_is_never_the_rarer_ones_together() -> None:
    rare = [str(number) for number in range(2, 202)]
    rows = [
        ("Polyps", "How many polyps are in the image?", answer, f"i{n:04}")
        for n, answer in enumerate(["1", "0"] * 100 + rare)
    ]
    frame = pd.DataFrame(rows, columns=["source", "question", "answer", "img_id"], dtype=str)
    (found,) = id_order_tests(answer_cells(frame, SPEC))
    assert found.answer in ("0", "1")
    assert found.cramers_v == pytest.approx(((1 - 14 / 399) / (2 - 4 / 399)) ** 0.5)
