"""Divergences agree with scipy's and with values known beforehand; small or untestable shifts are not notable."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from scipy.spatial.distance import jensenshannon
from scipy.stats import chi2_contingency, false_discovery_control, ks_2samp

from kvqa_audit.compare.drift import answer_drift, image_drift
from kvqa_audit.model import AnswerShare
from tests.unit.compare.samples import image


def shares(question: str, source: str = "Polyps", **rows: int) -> list[AnswerShare]:
    total = sum(rows.values())
    return [AnswerShare(source, question, answer, n, n / total) for answer, n in rows.items()]


def test_divergence_and_test_agree_with_scipy() -> None:
    before, after = {"yes": 60, "no": 40, "maybe": 25}, {"yes": 30, "no": 70, "maybe": 25}
    (cell,) = answer_drift(shares("q", **before), shares("q", **after))
    assert cell.js_bits == pytest.approx(jensenshannon(list(before.values()), list(after.values()), base=2) ** 2)
    assert cell.p == pytest.approx(chi2_contingency([[60, 40, 25], [30, 70, 25]]).pvalue)
    assert cell.q == cell.p
    assert cell.moved is not None
    assert cell.moved[0] in ("yes", "no")
    assert cell.is_notable


def test_equal_shares_do_not_drift_and_disjoint_ones_drift_fully() -> None:
    (same,) = answer_drift(shares("q", yes=500, no=500), shares("q", yes=50, no=50))
    assert same.js_bits == 0
    assert same.psi == pytest.approx(0, abs=1e-6)
    assert (same.p, same.moved, same.is_notable) == (pytest.approx(1), None, False)
    (other,) = answer_drift(shares("q", yes=100), shares("q", no=100))
    assert other.js_bits == pytest.approx(1)
    assert other.is_notable


def test_psi_is_finite_where_an_answer_is_new() -> None:
    (cell,) = answer_drift(shares("q", yes=99), shares("q", yes=89, no=10))
    share = (89.5 / 100, 10.5 / 100)
    import math

    known = (share[0] - 0.995) * math.log(share[0] / 0.995) + (share[1] - 0.005) * math.log(share[1] / 0.005)
    assert cell.psi == pytest.approx(known)


def test_large_but_tiny_shifts_are_significant_and_not_notable() -> None:
    (cell,) = answer_drift(shares("q", yes=50_000, no=50_000), shares("q", yes=51_500, no=48_500))
    assert cell.q is not None
    assert cell.q < 1e-6
    assert not cell.is_notable


def test_rare_answers_are_taken_together_or_not_tested() -> None:
    before = {"yes": 50, **{f"rare{n}": 1 for n in range(12)}}
    (cell,) = answer_drift(shares("q", **before), shares("q", **{**before, "yes": 30}))
    assert cell.p == pytest.approx(chi2_contingency([[50, 30], [12, 12]], correction=False).pvalue)
    (few,) = answer_drift(shares("q", yes=2), shares("q", no=2))
    assert (few.p, few.q, few.is_notable) == (None, None, False)
    assert few.js_bits == pytest.approx(1)


def test_cells_of_one_side_only_are_kept_and_not_tested() -> None:
    gone, come = answer_drift(shares("a", yes=3), shares("b", yes=4))
    assert (gone.question, gone.before, gone.after, gone.js_bits, gone.q) == ("a", 3, 0, None, None)
    assert (come.question, come.before, come.after) == ("b", 0, 4)


def test_q_is_benjamini_hochberg_over_the_tested_cells() -> None:
    before = [s for n in range(4) for s in shares(f"q{n}", yes=50, no=50)] + shares("gone", yes=5)
    after = [s for n in range(4) for s in shares(f"q{n}", yes=50 + 6 * n, no=50 - 6 * n)]
    tested = [cell for cell in answer_drift(before, after) if cell.p is not None]
    assert len(tested) == 4
    assert [c.q for c in tested] == pytest.approx(false_discovery_control([c.p for c in tested]))


def test_image_measures_are_compared_in_all_and_by_source() -> None:
    rng = random.Random(3)
    before = [image(f"a{n}", brightness=rng.gauss(100, 10)) for n in range(80)]
    after = [image(f"a{n}", brightness=rng.gauss(100 if n % 2 else 160, 10)) for n in range(80)]
    sources = {f"a{n}": "Normal" if n % 2 else "Polyps" for n in range(80)}
    drifts = {d.source: d for d in image_drift(before, after, sources, sources, ("brightness",))}
    values = [one.brightness for one in before], [one.brightness for one in after]
    assert drifts[None].ks == pytest.approx(ks_2samp(*values, method="asymp").statistic)
    assert drifts["Polyps"].is_notable
    assert not drifts["Normal"].is_notable
    assert drifts["Polyps"].median_after == pytest.approx(160, abs=8)


def test_broken_images_are_not_measured() -> None:
    sound, broken = image("a"), replace(image("b"), width=1, problem="truncated")
    (width,) = image_drift([sound, broken], [sound, broken], {}, {}, ("width",))
    assert (width.before, width.median_before) == (1, 64)
    assert image_drift([broken], [broken], {}, {}, ("width",)) == ()


def test_measures_that_nobody_took_are_left_out() -> None:
    assert image_drift([image("a")], [image("a")], {}, {}, ("brightness",)) == ()
    (size,) = image_drift([image("a")], [image("a")], {}, {}, ("width",))
    assert (size.ks, size.is_notable) == (0, False)
