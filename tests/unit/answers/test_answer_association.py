"""Association with the source, on tables whose association is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvqa_audit.answers.association import Association, associations, chi_square, cramers_v, interval_of_v
from kvqa_audit.answers.cells import answer_cells
from kvqa_audit.model import ImageFingerprint
from kvqa_audit.spec.load import load_spec

SPEC = load_spec()
TEXT = "Is there text?"


def cells_of(*groups: tuple[str, str, int]):
    """Groups of (source, answer, images); the ids are <source>-<answer>-<number>."""
    rows = [(source, TEXT, answer, f"{source}-{answer}-{n}") for source, answer, count in groups for n in range(count)]
    return answer_cells(pd.DataFrame(rows, columns=["source", "question", "answer", "img_id"], dtype=str), SPEC)


def of_answers(*groups: tuple[str, str, int]) -> Association:
    (found,) = associations(cells_of(*groups), ())
    return found


@given(st.lists(st.integers(1, 30), min_size=2, max_size=5), st.lists(st.integers(1, 30), min_size=2, max_size=5))
def test_what_is_exactly_independent_has_none(lines: list[int], columns: list[int]) -> None:
    assert cramers_v(np.outer(lines, columns).astype(float)) == 0


@given(st.lists(st.integers(20, 99), min_size=2, max_size=6))
def test_what_is_identical_has_all(counts: list[int]) -> None:
    table = np.diag(counts).astype(float)
    assert cramers_v(table) == pytest.approx(1.0)
    assert interval_of_v(table)[1] == pytest.approx(1.0)


def test_the_correction_is_bergsmas() -> None:
    table = np.array([[30.0, 10.0, 5.0], [10.0, 20.0, 25.0]])
    statistic, freedom, p_value = chi_square(table)
    stats = pytest.importorskip("scipy.stats")
    assert (statistic, p_value, freedom) == pytest.approx(stats.chi2_contingency(table, correction=False)[:3])
    phi = max(0.0, statistic / 100 - 2 / 99)
    assert cramers_v(table) == pytest.approx((phi / min(2 - 1 / 99 - 1, 3 - 4 / 99 - 1)) ** 0.5)


def test_the_interval_holds_the_true_value_about_as_often_as_it_says() -> None:
    shares = np.array([[0.20, 0.05, 0.08, 0.02], [0.05, 0.15, 0.10, 0.05], [0.05, 0.05, 0.10, 0.10]])
    expected = shares.sum(axis=1, keepdims=True) * shares.sum(axis=0)
    truth = float(np.sqrt(((shares - expected) ** 2 / expected).sum() / 2))
    rng = np.random.default_rng(7)
    intervals = [interval_of_v(rng.multinomial(500, shares.ravel()).reshape(3, 4).astype(float)) for _ in range(100)]
    assert sum(low <= truth <= high for low, high in intervals) >= 90


def test_the_source_gives_the_answer_away_or_tells_nothing() -> None:
    told = of_answers(("Polyps", "yes", 40), ("Normal", "no", 60))
    assert (told.about, told.name, told.images, told.levels, told.sources) == ("answer", TEXT, 100, 2, 2)
    assert told.cramers_v == pytest.approx(1.0)
    assert (told.source_accuracy, told.largest_source) == (1.0, 0.6)
    silent = of_answers(("Polyps", "yes", 40), ("Polyps", "no", 40), ("Normal", "yes", 60), ("Normal", "no", 60))
    assert silent.cramers_v == 0
    assert silent.source_accuracy == silent.largest_source == 0.6


def test_a_rare_answer_alone_does_not_change_it() -> None:
    found = of_answers(("Polyps", "yes", 40), ("Normal", "no", 60), ("Normal", "maybe", 2))
    assert (found.images, found.levels, found.cramers_v) == (100, 2, pytest.approx(1.0))


def test_one_source_has_no_association() -> None:
    found = of_answers(("Polyps", "yes", 40), ("Polyps", "no", 40))
    assert (found.cramers_v, found.low, found.high) == (None, None, None)


def test_image_size_and_quality_are_held_against_the_source() -> None:
    cells = cells_of(("Polyps", "yes", 50), ("Normal", "yes", 50))
    images = [
        ImageFingerprint(name, name, 9, None, width=700 if name.startswith("P") else 500, height=500, brightness=number)
        for number, name in enumerate((*sorted(cells.images, key=lambda name: name.split("-")[2]), "without rows"))
    ]
    found = {entry.name: entry for entry in associations(cells, images) if entry.about == "image"}
    assert set(found) == {"image size", "brightness", "file size"}
    assert (found["image size"].cramers_v, found["image size"].images) == (pytest.approx(1.0), 100)
    assert found["file size"].cramers_v is None
    assert found["brightness"].levels == 10
    assert found["brightness"].cramers_v == pytest.approx(0, abs=0.2)
