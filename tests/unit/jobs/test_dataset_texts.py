"""A text of decisions that grew is read where it grew, and gives what reading all of it gives."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvqa_audit.errors import SpecError
from kvqa_audit.jobs.dataset_texts import can_grow, decisions_in, decisions_in_more
from kvqa_audit.release.decisions import Decision, DecisionVerdict
from kvqa_audit.release.decisions_text import with_added
from kvqa_audit.web.decision_texts import MOST, DecisionTexts

FILE = Path("decisions.yaml")
WORDS = st.text(min_size=1, max_size=30).filter(lambda text: text.strip() and text.isprintable())
DECIDED = st.builds(
    Decision,
    st.integers(0, 2**32).map("{:016x}".format),
    st.just("KV008"),
    st.sampled_from(DecisionVerdict),
    WORDS,
    WORDS,
    st.just(date(2026, 1, 1)),
    img_id=st.none() | WORDS,
)


@given(st.lists(DECIDED, min_size=1, max_size=4), st.lists(DECIDED, max_size=4))
def test_a_text_that_grew_holds_what_it_held_and_what_is_new(first: list[Decision], more: list[Decision]) -> None:
    text = with_added(FILE, "", first)
    longer = with_added(FILE, text, more)
    assert can_grow(text)
    assert decisions_in_more(longer, text, tuple(first)) == decisions_in(longer) == (*first, *more)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "decisions: []\n",
        "decisions:\n- {key: x}\n",
        "decisions:\n  - key: x",
        "decisions:\n  - key: x\nversion: 2\n",
    ],
)
def test_a_text_that_was_written_otherwise_is_read_as_a_whole(text: str) -> None:
    assert not can_grow(text)


def test_what_was_known_of_another_text_is_forgotten() -> None:
    known, one = DecisionTexts(), Decision("0" * 16, "KV008", DecisionVerdict.ACCEPTED, "x", "y", date(2026, 1, 1))
    text = with_added(FILE, "", [one])
    assert known.of(1, text) == (one,)
    assert known.of(1, with_added(FILE, text, [one])) == (one, one)
    assert known.of(1, text) == (one,), "somebody took it back"
    with pytest.raises(SpecError):
        known.of(1, text + "  - key: x\n")
    assert known.of(1, "") == ()
    assert [known.of(number, text) for number in range(2, 3 + MOST)] == [(one,)] * (1 + MOST)
