"""Patterns of descriptions against Python's own matcher: the same is found, where both know the syntax."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvqa_audit.spec.linear_regex import MAX_INSTRUCTIONS, compiled, like

ATOMS = st.sampled_from(
    ["a", "b", ".", "[ab]", "[^a]", r"\d", r"\w", r"\s", "^", "$", r"\b", "\N{SNOWMAN}", "é", r"\."]
)
PATTERNS = st.recursive(
    ATOMS,
    lambda inner: (
        st.tuples(inner, inner).map("".join)
        | st.tuples(inner, inner).map(lambda two: f"(?:{two[0]}|{two[1]})")
        | st.tuples(inner, st.sampled_from(["*", "+", "?", "{1,3}", "*?"])).map(lambda two: f"(?:{two[0]}){two[1]}")
    ),
    max_leaves=6,
)


@given(PATTERNS, st.text(alphabet="ab1 .é\N{SNOWMAN}_", max_size=8))
def test_the_same_is_found(pattern: str, text: str) -> None:
    assert compiled(pattern)(text) == bool(re.search(pattern, text, re.ASCII))


@given(st.text(alphabet="ab()[]{}|*+?\\^$.=!<:1,9P", max_size=30))
def test_any_text_is_a_pattern_or_an_error_that_says_so(pattern: str) -> None:
    try:
        compiled(pattern)
    except ValueError as error:
        message = str(error)
    else:
        return
    assert "linear time" in message or "steps for every byte" in message


@pytest.mark.parametrize("pattern", ["(?=a)", "(?!a)", "(?<=a)b", r"(a)\1", "(?P<x>a)(?P=x)", "(", "a**", "\ud800"])
def test_what_cannot_be_matched_in_linear_time_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError):
        compiled(pattern)


def test_patterns_are_limited_in_size() -> None:
    assert compiled("a" * 1_000)("a" * 1_000)
    for large in ("(.{1000}){1}", "a" * (MAX_INSTRUCTIONS + 1), "((a|b){30}){30}"):
        with pytest.raises(ValueError, match="steps for every byte of a text"):
            compiled(large)
    with pytest.raises(ValueError, match="steps for every byte of a text"):
        like("%a" * MAX_INSTRUCTIONS)


def test_half_a_character_in_a_text_is_no_fault() -> None:
    assert compiled("^a.b$")("a\ud800b")


def test_an_invalid_pattern_is_told_to_nobody_else(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError):
        compiled("(")
    assert capfd.readouterr() == ("", "")
