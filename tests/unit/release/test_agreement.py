"""Agreement is what the literature computes, beyond chance, with an interval that few verdicts do not shrink away."""

from __future__ import annotations

import random

import pytest

from kvqa_audit.model.estimate import Estimate
from kvqa_audit.release.agreement import (
    Rating,
    agreement,
    agreement_by_check,
    agreement_by_pair,
    agreement_by_reviewer,
    known_scores,
)


def rated(**said: str) -> list[Rating]:
    """Ratings of things 0, 1, …: each reviewer's verdicts as one text, a dot where they did not judge."""
    return [
        Rating(str(number), "KV204", reviewer, verdict)
        for reviewer, verdicts in said.items()
        for number, verdict in enumerate(verdicts)
        if verdict != "."
    ]


def value(estimate: Estimate | None) -> float:
    assert estimate is not None
    assert -1 <= estimate.low <= estimate.value <= estimate.high <= 1
    return estimate.value


def test_kappa_of_a_published_table() -> None:
    # 20 yes-yes, 5 yes-no, 10 no-yes, 15 no-no: kappa is 0.4.
    found = agreement(rated(ann="y" * 25 + "n" * 25, ben="y" * 20 + "n" * 5 + "y" * 10 + "n" * 15))
    assert (found.items, value(found.share), value(found.kappa)) == (50, pytest.approx(0.7), pytest.approx(0.4))


def test_alpha_of_the_published_example_with_gaps() -> None:
    # Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability", example C.
    found = agreement(rated(a="123321412...", b="1233224125.3", c=".3332342251.", d="1233244125.1"[:10] + "1."))
    assert value(found.alpha) == pytest.approx(0.743, abs=0.0005)
    assert (found.items, found.kappa) == (11, None)


def test_what_chance_would_give_is_no_agreement() -> None:
    draws = random.Random(1)
    ann, ben = ("".join(draws.choices("yn", (9, 1), k=4_000)) for _ in range(2))
    found = agreement(rated(ann=ann, ben=ben))
    assert value(found.share) > 0.8
    assert abs(value(found.kappa)) < 0.06
    assert abs(value(found.alpha)) < 0.06


def test_full_agreement_on_few_things_is_not_certain() -> None:
    found = agreement(rated(ann="ynyn", ben="ynyn"))
    assert found.kappa is not None
    assert (found.kappa.value, found.kappa.high) == (1.0, 1.0)
    assert found.kappa.low < 0.1


def test_what_cannot_be_told_is_none() -> None:
    assert agreement([]).share is None
    assert agreement(rated(ann="yyy")).alpha is None
    same = agreement(rated(ann="yyy", ben="yyy"))
    assert (value(same.share), same.kappa, same.alpha) == (1.0, None, None)


def test_the_last_rating_of_a_person_counts() -> None:
    assert value(agreement([*rated(ann="n", ben="y"), *rated(ann="y")]).share) == 1.0


@pytest.mark.parametrize(("items", "truth"), [(40, 0.9), (150, 0.7), (500, 0.95)])
def test_the_interval_of_kappa_covers_the_truth(items: int, truth: float) -> None:
    """Two people who err apart from each other about things half of which are defects: kappa is (2t-1)^2."""
    draws = random.Random(7)
    covered = 0
    for _ in range(200):
        right = [draws.choice("yn") for _ in range(items)]
        ann, ben = ("".join(one if draws.random() < truth else "yn"[one == "y"] for one in right) for _ in range(2))
        found = agreement(rated(ann=ann, ben=ben)).kappa
        assert found is not None
        covered += found.low <= (2 * truth - 1) ** 2 <= found.high
    assert covered >= 183


def test_by_check_by_pair_and_by_person() -> None:
    ratings = [*rated(ann="yy", ben="yn", cem=".n"), Rating("9", "KV009", "ann", "y"), Rating("9", "KV009", "dan", "y")]
    by_check = agreement_by_check(ratings)
    assert {code: found.items for code, found in by_check.items()} == {"KV009": 1, "KV204": 2}
    assert value(by_check["KV009"].share) == 1.0
    by_pair = agreement_by_pair(ratings)
    assert {pair: value(found.share) for pair, found in by_pair.items()} == {
        ("ann", "ben"): 0.5, ("ann", "cem"): 0.0, ("ann", "dan"): 1.0, ("ben", "cem"): 1.0
    }  # fmt: skip
    assert {name: (share.value, share.n) for name, share in agreement_by_reviewer(ratings).items()} == {
        "ann": (0.5, 4), "ben": (pytest.approx(2 / 3), 3), "cem": (0.5, 2), "dan": (1.0, 1)
    }  # fmt: skip


def test_known_things_tell_who_misses_and_who_sees_ghosts() -> None:
    known = {"0": "y", "1": "y", "2": "n", "3": "n"}
    scores = known_scores(rated(ann="yyny", ben="nynn", cem=".....y"), known, "y")
    told = {name: (score.right.value, score.missed, score.false_alarms) for name, score in scores.items()}
    assert told == {"ann": (0.75, 0, 1), "ben": (0.75, 1, 0)}
