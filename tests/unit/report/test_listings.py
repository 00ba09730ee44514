"""Tests of the tables about the answers: what is said, in which order, how much of it, and what is left out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from kvqa_audit.model import AuditRun
from kvqa_audit.report.listings import (
    Folded,
    answer_forms,
    label_stability,
    listings,
    split_proposal,
    stereotyped_answers,
)
from tests.report_samples import sample_run

RUN = sample_run()


def with_metrics(**metrics: Any) -> AuditRun:
    return replace(RUN, metrics=metrics)


def stability(question: str, **fields: Any) -> dict[str, Any]:
    unknown = dict.fromkeys((f"{n}{end}" for n in ("kappa", "alpha") for end in ("", "_low", "_high")), None)
    known = {"question": question, "type": "yes/no", "groups": 2, "images": 4, "pairs": 2, "agreement": 1.0}
    return {**unknown, "agreement_low": None, "agreement_high": None, **known, **fields}


def test_the_tables_stand_in_the_order_of_the_page() -> None:
    assert [(listing.key, listing.section) for listing in listings(RUN)] == [
        ("stability", "answers"), ("forms", "answers"), ("stereotypes", "balance"), ("splits", "balance"),
    ]  # fmt: skip
    for listing in listings(RUN):
        assert {len(row) for row in listing.rows} == {len(listing.columns)}


def test_the_least_stable_question_is_named_and_how_few_groups_there_are() -> None:
    entries = [stability("a?"), stability("b?", agreement=0.5, alpha=0.25, alpha_low=-0.5, alpha_high=0.75)]
    listing = label_stability(with_metrics(stability=entries))
    assert listing is not None
    assert "not agreement between raters" in listing.sentence
    assert "At most 2 groups of copies stand behind a figure, too few to conclude much." in listing.sentence
    assert listing.sentence.endswith("Least stable is “b?”: equal in 50.0\u00a0% of 2 pairs.")
    assert listing.rows[0][4:] == ("50.0\u00a0%", "-", "0.25 (-0.50 to 0.75)")
    assert listing.rows[1][4:] == ("100.0\u00a0%", "-", "-")


def test_many_groups_are_not_called_few_and_no_question_is_named_where_all_are_stable() -> None:
    listing = label_stability(with_metrics(stability=[stability("a?", groups=30)]))
    assert listing is not None
    assert "too few" not in listing.sentence
    assert "Least stable" not in listing.sentence


def test_only_questions_written_in_several_ways_are_listed() -> None:
    plain = {"question": "a?", "rows": 9, "stored_forms": 3, "canonical_forms": 3, "rewritten_rows": 0}
    varied = {"question": "b?", "rows": 8, "stored_forms": 4, "canonical_forms": 2, "rewritten_rows": 5}
    ways = {"red; pink": 4, "pink; red": 2}
    forms = [{**plain, "most_split": "", "written_as": {}}, {**varied, "most_split": "pink; red", "written_as": ways}]
    listing = answer_forms(with_metrics(answer_forms=forms))
    assert listing is not None
    assert listing.sentence.startswith("5 of 17 answers are not written in the canonical form")
    [row] = listing.rows
    assert row[-1] == Folded("red; pink | pink; red", (("red; pink", "4 rows"), ("pink; red", "2 rows")))
    assert answer_forms(with_metrics(answer_forms=forms[:1])) is None


def test_no_more_than_twenty_stereotypes_are_listed_and_all_are_counted() -> None:
    listing = stereotyped_answers(RUN)
    assert listing is not None
    assert (len(listing.rows), listing.rows_in_all) == (20, 24)
    sizes = range(30, 6, -1)
    assert listing.sentence.startswith(f"{sum(sizes)} images stand in 24 groups of 7 to 30 images")


@pytest.mark.parametrize(
    ("groups", "kept"),
    [(0, "has no copies to keep together"), (4, "keeps the 4 groups of copies and of pictures of one scene")],
)
def test_a_split_says_what_it_keeps_together_and_what_came_out(groups: int, kept: str) -> None:
    proposal = {"fractions": {"train": 0.8, "test": 0.2}, "images": {"train": 7, "test": 3}, "groups": groups}
    by_source = {"A": {"train": 7, "test": 3}, "B": {"train": 0, "test": 0}}
    listing = split_proposal(
        with_metrics(split_proposal={**proposal, "images_by_source": by_source, "largest_group": 3, "split_of": {}})
    )
    assert listing is not None
    assert kept in listing.sentence
    assert (
        "train 70.0\u00a0%, test 30.0\u00a0%. Asked for were train 80.0\u00a0%, test 20.0\u00a0%." in listing.sentence
    )
    assert listing.rows[0] == ("all sources", "7 (70.0\u00a0%)", "3 (30.0\u00a0%)", "10")
    assert listing.rows[-1] == ("B", "0", "0", "0")


def test_what_was_not_measured_has_no_table() -> None:
    assert listings(with_metrics()) == ()
    nothing = with_metrics(stability=[], answer_forms=[], stereotypes=[], split_proposal=None)
    assert listings(nothing) == ()
