"""What is one value to every reader is folded to one text, and nothing else is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvqa_audit.spelling import differences, edits, folded, is_near_miss, spellings_of, tidied, usual_spellings

CASE, FORM, SPACES, END = "case", "normal form or unseen characters", "spaces", "final punctuation"


@pytest.mark.parametrize(
    ("left", "right", "differ_in"),
    [
        ("Yes", "yes", (CASE,)),
        ("is it  red?", "is it red?", (SPACES,)),
        ("is it\tred?", "is it red?", (SPACES,)),
        ("is it\u00a0red?", "is it red?", (SPACES,)),
        (" yes", "yes", (SPACES,)),
        ("caf\u00e9", "cafe\u0301", (FORM,)),
        ("re\u200bd", "red", (FORM,)),
        ("\uff59es", "yes", (FORM,)),
        ("yes.", "yes", (END,)),
        ("Is it red ?", "is it red", (CASE, END)),
        ("\u662f\u5426\uff1f", "\u662f\u5426", (END,)),
    ],
)
def test_spellings_of_one_value(left: str, right: str, differ_in: tuple[str, ...]) -> None:
    assert folded(left) == folded(right)
    assert differences([left, right]) == differ_in


@pytest.mark.parametrize(
    ("left", "right"),
    [("10\u00b2", "102"), ("10\u2082", "102"), ("?", ""), ("a-b", "ab"), ("n.a", "na"), ("1.5", "15"), ("e", "\u00e9")],
)
def test_other_values_stay_apart(left: str, right: str) -> None:
    assert folded(left) != folded(right)


@given(st.text())
def test_folding_and_tidying_once_is_enough(text: str) -> None:
    assert folded(folded(text)) == folded(text)
    assert tidied(tidied(text)) == tidied(text)
    assert folded(tidied(text)) == folded(text)
    assert bool(folded(text)) == bool(folded(text).strip())


@given(st.dictionaries(st.text("aA \u00e9.", max_size=4), st.integers(1, 9)))
def test_the_usual_spelling_does_not_hang_on_the_order(rows: dict[str, int]) -> None:
    turned = spellings_of(dict(reversed(rows.items())))
    assert {value: found.usual for value, found in spellings_of(rows).items()} == {
        value: found.usual for value, found in turned.items()
    }
    assert usual_spellings(["Yes", "yes", "yes", "no"]) == {"Yes": "yes", "yes": "yes", "no": "no"}


@pytest.mark.parametrize(
    ("rare", "frequent", "slip"),
    [
        ("ATRIB", "ATTRIB", True),
        ("PRSE", "PRES", True),
        ("yse", "yes", True),
        ("oesofagitus", "oesophagitis", False),
        ("colonscopi", "colonoscopy", True),
        ("T1", "T2", False),
        ("slice 12", "slice 13", False),
        ("kidneys", "kidney", False),
        ("laptop", "lamp", False),
        ("left", "right", False),
        ("cat", "car", False),
        ("where is the cat", "where is the car", False),
        ("in the uper left", "in the upper left", True),
        ("猫是什么颜色", "树是什么颜色", False),
        ("左边肺部", "左肺边部", True),
    ],
)
def test_a_near_miss_is_a_slip_of_the_hand(rare: str, frequent: str, slip: bool) -> None:
    assert is_near_miss(rare, frequent) is slip


@given(st.text("abc", max_size=6), st.text("abc", max_size=6))
def test_edits_are_a_distance(left: str, right: str) -> None:
    assert edits(left, right) == edits(right, left)
    assert (edits(left, right) == 0) == (left == right)
    assert edits(left, right) <= max(len(left), len(right))
    assert edits(left, right + "a") <= edits(left, right) + 1
