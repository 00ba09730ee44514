"""Keys of findings: what they depend on, and what they must not depend on."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from kvqa_audit.model import Finding, Severity, with_keys

FINDING = Finding("KV008", Severity.ERROR, "odd", "img1", "How many?", "Seven ", row=3, related=("b", "a"))


def test_key_ignores_rows_messages_scores_and_the_order_of_related_ids() -> None:
    other = replace(FINDING, row=99, message="other", score=0.5, related=("a", "b"), answer="seven", suggestion="7")
    assert with_keys([FINDING])[0].key == with_keys([other])[0].key


def test_key_tells_checks_images_questions_and_answers_apart() -> None:
    others = [
        replace(FINDING, check="KV009"),
        replace(FINDING, img_id="img2"),
        replace(FINDING, question="How few?"),
        replace(FINDING, answer="eight"),
        replace(FINDING, answer=None),
        replace(FINDING, related=("a",)),
    ]
    assert len({f.key for f in with_keys([FINDING, *others])}) == 7


@given(st.permutations(range(4)))
def test_equal_findings_get_the_same_set_of_keys_in_any_order(order: list[int]) -> None:
    findings = [replace(FINDING, row=n) for n in range(4)]
    keys = {f.key for f in with_keys(findings)}
    assert len(keys) == 4
    assert {f.key for f in with_keys([findings[n] for n in order])} == keys
