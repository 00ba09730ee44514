"""One canonical answer per image and question, and how answers are written."""

from __future__ import annotations

import pandas as pd

from kvqa_audit.answers.cells import AnswerCells, answer_cells
from kvqa_audit.spec.load import load_spec

SPEC = load_spec()
COLOUR, SIZE, TEXT = (SPEC.question_by_name[name].text for name in ("abn_colour", "polyp_size", "text"))


def cells(*rows: tuple[str, str, str]) -> AnswerCells:
    full = [("Polyps", *row) for row in rows]
    return answer_cells(pd.DataFrame(full, columns=["source", "question", "answer", "img_id"], dtype=str), SPEC)


def said(found: AnswerCells) -> list[tuple[str, str, str, int]]:
    parts = (part.tolist() for part in (found.image, found.question, found.answer, found.row))
    return [(found.images[i], found.questions[q], found.text_of(a), row) for i, q, a, row in zip(*parts, strict=True)]


def test_answers_are_sorted_corrected_pooled_and_what_says_nothing_is_left_out() -> None:
    found = cells(
        (COLOUR, "red; pink", "b"),
        (SIZE, ">20", "a"),
        (TEXT, " yes ", "a"),
        (TEXT, "no", " a "),
        (SIZE, "<5mm", "a"),
        (SIZE, " ", "b"),
        ("My own?", " so ", "b"),
        (TEXT, "yes", ""),
    )
    assert said(found) == [
        ("a", TEXT, "no", 3),
        ("a", SIZE, "<5mm; >20mm", 1),
        ("b", COLOUR, "pink; red", 0),
    ]
    assert found.sources == ("Polyps",)
    assert set(found.questions) == {COLOUR, SIZE, TEXT}


def test_forms_tell_the_answer_that_is_written_in_the_most_ways() -> None:
    (form,) = cells(
        (COLOUR, "red; pink", "a"), (COLOUR, "red; pink", "b"), (COLOUR, "pink; red", "c"), (COLOUR, "red", "d")
    ).forms
    assert (form.question, form.rows, form.stored_forms, form.canonical_forms, form.rewritten_rows) == (
        COLOUR,
        4,
        3,
        2,
        2,
    )
    assert (form.most_split, form.written_as) == ("pink; red", {"red; pink": 2, "pink; red": 1})


def test_an_empty_table_has_no_cells() -> None:
    found = cells()
    assert (found.images, found.questions, len(found.image), found.forms) == ((), (), 0, ())
