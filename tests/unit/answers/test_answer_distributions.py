"""Shares, entropy and missingness on tables small enough to count by hand."""

from __future__ import annotations

import math
import time

import pandas as pd
import pytest

from kvqa_audit.answers.distributions import describe
from kvqa_audit.spec.load import load_spec

SPEC = load_spec()
TEXT = "Is there text?"
COUNT = "How many instruments are in the image?"
MISSPELT = "How many instrumnets are in the image?"


def table(*rows: tuple[str, str, str, str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["source", "question", "answer", "img_id"], dtype=str)


def test_shares_entropy_and_missing_are_those_counted_by_hand() -> None:
    found = describe(
        table(
            ("Polyps", TEXT, "yes", "a"),
            ("Polyps", TEXT, " yes ", "b"),
            ("Polyps", TEXT, "no", "c"),
            ("Polyps", TEXT, "none", "d"),
            ("Polyps", TEXT, "", "e"),
            ("Polyps", "My own?", "so", "f"),
            ("Normal", TEXT, "yes", "g"),
        ),
        SPEC,
    )
    assert [(s.answer, s.rows, s.share) for s in found.shares if s.source == "Polyps" and s.question == TEXT] == [
        ("yes", 2, 0.5),
        ("no", 1, 0.25),
        ("none", 1, 0.25),
    ]
    cell = next(c for c in found.cells if (c.source, c.question) == ("Polyps", TEXT))
    assert (cell.rows, cell.images, cell.answered, cell.distinct_answers) == (5, 5, 4, 3)
    assert (cell.majority_answer, cell.majority_share) == ("yes", 0.5)
    assert cell.entropy_bits == pytest.approx(1.5)
    assert cell.effective_answers == pytest.approx(2**1.5)
    assert (cell.images_of_source, cell.missing_share) == (6, pytest.approx(1 / 6))
    whole = next(q for q in found.questions if q.question == TEXT)
    assert (whole.source, whole.answered, whole.majority_share) == (None, 5, pytest.approx(0.6))
    assert whole.missing_share == pytest.approx(1 / 7)
    assert "My own?" in {q.question for q in found.questions}


def test_a_misspelt_question_is_counted_with_the_right_one() -> None:
    found = describe(table(("Polyps", COUNT, "1", "a"), ("Polyps", MISSPELT, "0", "b")), SPEC)
    assert [(c.question, c.answered) for c in found.cells] == [(COUNT, 2)]


def test_what_is_never_answered_has_no_majority() -> None:
    (cell,) = describe(table(("Polyps", TEXT, " ", "a")), SPEC).cells
    assert (cell.answered, cell.majority_answer, cell.majority_share, cell.entropy_bits) == (0, None, None, 0.0)


def test_an_empty_table_has_no_distribution() -> None:
    found = describe(table(), SPEC)
    assert (found.shares, found.cells, found.questions) == ((), (), ())


def test_a_table_of_the_real_size_takes_little_time() -> None:
    names = [question.text for question in SPEC.questions]
    rows = [("Polyps", names[n % len(names)], str(n % 7), f"image{n // 9}") for n in range(58_849)]
    frame = table(*rows)
    describe(frame, SPEC)
    started = time.process_time()
    found = describe(frame, SPEC)
    assert time.process_time() - started < 2
    assert math.isclose(sum(s.rows for s in found.shares), 58_849)


@pytest.mark.parametrize("role", ["img_id", "answer"])
def test_a_blank_column_beside_many_questions_counts_nothing(role: str) -> None:
    rows = [{"source": "s", "question": f"q{n}", "answer": "yes", "img_id": "i", role: ""} for n in range(300)]
    cells = describe(pd.DataFrame(rows), load_spec()).questions
    assert len(cells) == 300
    assert {(cell.rows, cell.images, cell.answered) for cell in cells} == {
        (1, 0 if role == "img_id" else 1, 0 if role == "answer" else 1)
    }
