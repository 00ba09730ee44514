"""A random sample that people look at tells how much of a dataset is wrong, and its interval covers the truth."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from datetime import date

import pytest

from kvqa_audit.model import AnswerRows, AuditRun, DatasetFacts, ImageFingerprint
from kvqa_audit.model.estimate import exact_share
from kvqa_audit.release.applying import apply_decisions
from kvqa_audit.release.decisions import Decision, DecisionVerdict, decide
from kvqa_audit.release.sample import Drawn, draw, error_rate, error_rates
from kvqa_audit.release.sample_unit import Unit

Row = tuple[str, str, str, str]
WRONG, RIGHT, UNSURE = DecisionVerdict.CONFIRMED, DecisionVerdict.FALSE_POSITIVE, DecisionVerdict.UNSURE


def audit(rows: list[Row], picture: str = "a") -> AuditRun:
    images = tuple(ImageFingerprint(img_id, "p", 1, picture * 64) for img_id in sorted({row[3] for row in rows}))
    facts = DatasetFacts("d", "d", "0" * 64, len(rows), len(images))
    columns = AnswerRows(*zip(*rows, strict=True))
    return AuditRun("1", "", "", {}, facts, (), {}, (), (), images, (), {}, (), 0, columns)


def planted(strata: dict[tuple[str, str], tuple[int, float]], seed: int) -> list[Row]:
    """Rows by (source, question) → how many, and the share of wrong ones; a wrong answer says so."""
    draws = random.Random(seed)
    rows = [
        (source, question, "wrong" if draws.random() < rate else "right", f"{source}{number % (size // 2 + 1)}")
        for (source, question), (size, rate) in strata.items()
        for number in range(size)
    ]
    draws.shuffle(rows)
    return rows


def looked_at(drawn: Drawn, verdict: DecisionVerdict | None = None) -> Decision:
    """What a person who knows decides: an answer, or an image of which any answer is wrong."""
    finding = drawn.finding
    wrong = "wrong" in (finding.answer or "") or "wrong" in str(finding.evidence)
    return decide(finding, verdict or (WRONG if wrong else RIGHT), "drawn at random", "me", date(2026, 1, 1))


EQUAL = {(source, question): (60, 0.05) for source in "abc" for question in "xyz"}
UNEQUAL = {("a", "x"): (500, 0.01), ("b", "x"): (100, 0.3), ("b", "y"): (20, 0.9), ("c", "z"): (2, 1.0)}
RARE = {("a", "x"): (450, 0.004), ("b", "y"): (150, 0.0)}
NONE = {("a", "x"): (300, 0.0), ("b", "y"): (10, 0.0)}
FREE = {("a", f"question {number}"): (1, 0.08) for number in range(500)}
GROSS = {("a", "x"): (300, 0.97), ("b", "x"): (150, 0.5)}


@pytest.mark.parametrize(
    ("strata", "reviewed"),
    [(EQUAL, 80), (UNEQUAL, 60), (UNEQUAL, 120), (RARE, 60), (NONE, 40), (FREE, 60), (GROSS, 60)],
)
def test_the_interval_covers_the_truth(strata: dict[tuple[str, str], tuple[int, float]], reviewed: int) -> None:
    """100 reviews of planted answers each; `tests/benches/measure_error_rate.py` has larger ones."""
    covered = 0
    for seed in range(100):
        rows = planted(strata, seed)
        run = audit(rows)
        found = error_rate(run, [looked_at(one) for one in draw(run, reviewed, seed)], seed, Unit.ANSWERS)
        assert found is not None
        assert (found.drawn, found.missing) == (reviewed, 0)
        truth = sum(row[2] == "wrong" for row in rows) / len(rows)
        covered += found.wrong.low <= truth <= found.wrong.high
    assert covered >= 93


def test_each_answer_is_drawn_equally_often_in_proportion() -> None:
    rows = planted(UNEQUAL, 1)
    run = audit(rows)
    share = 120 / len(rows)
    by_stratum: Counter[tuple[str, str]] = Counter()
    for seed in range(100):
        by_stratum += Counter((one.source, one.question) for one in draw(run, 120, seed))
    for stratum, (size, _) in UNEQUAL.items():
        assert by_stratum[stratum] == pytest.approx(100 * share * size, rel=0.03, abs=60 if size < 10 else 3)


def test_more_of_a_sample_begins_with_what_was_looked_at_whatever_the_order_of_rows() -> None:
    rows = [(source, question, answer, f"i{n}") for n, (source, question, answer, _) in enumerate(planted(EQUAL, 3))]
    first, more = draw(audit(rows), 40, 7), draw(audit(rows[::-1]), 90, 7)
    told = [(one.finding.key, one.finding.img_id) for one in more]
    assert [(one.finding.key, one.finding.img_id) for one in first] == told[:40]
    assert told[:40] != [(one.finding.key, one.finding.img_id) for one in draw(audit(rows), 40, 8)]


def test_all_of_it_is_no_estimate() -> None:
    rows = planted(GROSS, 1)
    run = audit(rows)
    found = error_rate(run, [looked_at(one) for one in draw(run, 5_000, 1)], 1, Unit.ANSWERS)
    truth = sum(row[2] == "wrong" for row in rows) / len(rows)
    assert found is not None
    assert (found.wrong.low, found.wrong.value, found.wrong.high) == (truth, truth, truth)


def test_what_nobody_judged_widens_the_interval() -> None:
    run = audit(planted(EQUAL, 2))
    drawn = draw(run, 100, 1)
    whole = error_rate(run, [looked_at(one) for one in drawn], 1, Unit.ANSWERS)
    gaps = [looked_at(one) for one in drawn[5:]] + [looked_at(drawn[0], UNSURE)]
    found = error_rate(run, gaps, 1, Unit.ANSWERS)
    assert whole is not None
    assert found is not None
    assert (found.drawn, found.missing, found.wrong.n) == (100, 5, 95)
    assert found.wrong.low <= whole.wrong.low < whole.wrong.high < found.wrong.high
    assert "5 more are still to be judged" in found.in_words()


def test_a_corrected_answer_keeps_its_place_and_is_to_be_judged_again() -> None:
    rows = [(source, question, answer, f"i{n}") for n, (source, question, answer, _) in enumerate(planted(GROSS, 4))]
    drawn = draw(audit(rows), 50, 1)
    decisions = [looked_at(one) for one in drawn]
    mended = [(source, question, "right", img_id) for source, question, _, img_id in rows]
    found = error_rate(audit(mended), decisions, 1, Unit.ANSWERS)
    assert found is None or (found.missing > 0 and found.wrong.value == 0 and found.wrong.high > 0.5)
    assert error_rate(audit(rows, picture="b"), decisions, 1, Unit.ANSWERS) is None
    again = [*decisions, *(looked_at(one) for one in draw(audit(mended), 50, 1))]
    after = error_rate(audit(mended), again, 1, Unit.ANSWERS)
    assert after is not None
    assert (after.drawn, after.missing, after.wrong.value) == (50, 0, 0.0)


def test_images_are_drawn_once_with_all_their_answers() -> None:
    rows = planted(EQUAL, 5)
    run = audit(rows)
    drawn = draw(run, 10_000, 1, Unit.IMAGES)
    assert sorted(one.finding.img_id or "" for one in drawn) == sorted({row[3] for row in rows})
    found = error_rate(run, [looked_at(one) for one in drawn], 1, Unit.IMAGES)
    assert found is not None
    assert found.wrong.value == len({row[3] for row in rows if row[2] == "wrong"}) / len(drawn)


def test_sources_and_questions_have_estimates_of_their_own() -> None:
    run = audit(planted(UNEQUAL, 6))
    found = error_rate(run, [looked_at(one) for one in draw(run, 200, 1)], 1, Unit.ANSWERS)
    assert found is not None
    assert set(found.by_source) >= {"a", "b"}
    assert found.by_source["a"].high < found.by_source["b"].low
    assert sum(one.n for one in found.by_question.values()) == 200
    (told,) = error_rates(run, [looked_at(one) for one in draw(run, 200, 1)])
    assert told == found
    assert told.in_words().startswith(
        f"between {100 * found.wrong.low:.1f} % and {100 * found.wrong.high:.1f} % of 622"
    )


def test_what_was_decided_about_a_sample_is_never_stale() -> None:
    run = audit(planted(NONE, 1))
    decisions = [looked_at(one) for one in draw(run, 3, 1)]
    _, _, report = apply_decisions((), (), decisions, date(2026, 1, 2), {})
    assert (report.stale, report.unjudged, report.resting) == ((), (), ())
    assert error_rates(run, [replace(decisions[0], check="KV500-other.1")]) == ()


def test_the_exact_interval_is_that_of_all_possible_samples() -> None:
    """For every number of wrong ones in 30, the intervals of what 9 drawn ones can tell cover it 95 times of 100."""
    from math import comb

    for wrong in range(31):
        chance = sum(
            comb(wrong, found) * comb(30 - wrong, 9 - found) / comb(30, 9)
            for found in range(10)
            if exact_share(found, 9, 30).low <= wrong / 30 <= exact_share(found, 9, 30).high
        )
        assert chance >= 0.95
    assert exact_share(2_500, 5_000, 1_000_000).low == pytest.approx(0.48608, abs=1e-5)
    assert exact_share(0, 200, 1_000_000).high == pytest.approx(0.01827, abs=1e-5)
