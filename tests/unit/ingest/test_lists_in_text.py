"""Accepted answers that a table writes as text are read as lists; texts that only look like lists stay texts."""

from __future__ import annotations

from typing import Any

import pytest

from kvqa_audit.ingest.lists_in_text import with_lists
from kvqa_audit.ingest.source_format import RawTable
from kvqa_audit.ingest.table import accepted_answers


def table(name: str, cells: list[Any]) -> RawTable:
    return RawTable("qa.csv", "UTF-8", ("question", name), {"question": ["q"] * len(cells), name: cells}, len(cells))


@pytest.mark.parametrize(
    "cells",
    [['["two", "2"]', '["two"]'], ["['two', '2']", "['two']"], ["two|2", "two | 2"], [["two", "2"], '["two", "2"]']],
)
def test_lists_written_as_text_are_read(cells: list[Any]) -> None:
    read = with_lists(table("answers", cells))
    assert {answer for value in read.columns["answers"] for answer, _ in accepted_answers(value)} == {"two", "2"}
    assert read.how == "UTF-8, lists written as text in 'answers'"
    assert (read.is_text, list(read.columns)) == (False, ["question", "answers"])


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("answer", ['["two", "2"]']),
        ("answers", ["[left", "right]"]),
        ("answers", ["a|", "|b"]),
        ("answers", ["two", "one|two"]),
        ("answers", ["[" * 2_000 + "]" * 2_000]),
        ("answers", ["[__import__('os')]", "[1 + 1]"]),
        ("answers", [r'["two", "\ud800"]']),
        ("answers", [r"['two', '\U0000dfff']"]),
        ("answers", ["", None]),
    ],
)
def test_other_texts_stay_as_they_are(name: str, cells: list[Any]) -> None:
    one = table(name, cells)
    assert with_lists(one) is one


@pytest.mark.parametrize(
    "value",
    [
        {"yes": 7, "no": 3},
        [["no", 3], ["yes", 7]],
        [{"answer": "no", "count": 3}, {"answer": "yes", "count": 7}],
        [{"votes": 3, "answer": "no"}, {"answer": "yes", "votes": 7}],
        ["no"] * 3 + ["yes"] * 7,
        [{"answer": "no", "answer_id": 9}] * 3 + [{"answer": "yes", "answer_id": 1}] * 7,
    ],
)
def test_how_often_each_answer_is_given_is_kept(value: Any) -> None:
    assert accepted_answers(value) == (("yes", 7), ("no", 3))
