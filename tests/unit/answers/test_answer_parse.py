"""Answers as they stand in rows, taken apart."""

from __future__ import annotations

import pytest

from kvqa_audit.answers.parse import atoms, whole_number
from kvqa_audit.spec.load import load_spec

SPEC = load_spec()


@pytest.mark.parametrize(
    ("name", "answer", "expected"),
    [
        ("abn_loc", "lower-rigth; center", ("lower-right", "center")),
        ("polyp_size", ">20;5-10mm", (">20mm", "5-10mm")),
        ("abn_colour", " pink ;; red; ", ("pink", "red")),
        ("abn", "none", ("none",)),
        ("abn", " ; ", ()),
        ("abn", "", ()),
        ("procedure", " gastro; scopy ", ("gastro; scopy",)),
    ],
)
def test_atoms_are_split_trimmed_and_corrected(name: str, answer: str, expected: tuple[str, ...]) -> None:
    question = SPEC.question_by_name[name]
    assert atoms(answer, question, SPEC.vocabulary_of(question)) == expected


@pytest.mark.parametrize(
    ("answer", "number"),
    [("3", 3), (" 0 ", 0), ("-1", None), ("2.0", None), ("²", None), ("", None), ("9" * 5000, None)],
)
def test_only_plain_whole_numbers_are_counts(answer: str, number: int | None) -> None:
    assert whole_number(answer) == number
