"""Weights of opinions are never worse than those they start from, and follow who is right."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from kvqa_audit.answers.opinion_pool import MAX_WEIGHT, fitted_weights, pooled

START = [2 / 3, 1 / 3, 0.0]


def opinion(rng: np.random.Generator, truth: np.ndarray, width: int, skill: float) -> np.ndarray:
    said = rng.dirichlet(np.ones(width), len(truth)) * (1 - skill)
    said[np.arange(len(truth)), truth] += skill
    return np.log(said + 1e-3)


@given(
    seed=st.integers(0, 2**32),
    cells=st.integers(3, 120),
    width=st.integers(2, 6),
    skills=st.tuples(*[st.sampled_from((0.0, 0.3, 0.9))] * 3),
)
@settings(max_examples=60, deadline=None)
def test_the_given_answers_become_no_less_likely(seed, cells, width, skills) -> None:
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, width, cells)
    opinions = [opinion(rng, truth, width, skill) for skill in skills]
    weights = fitted_weights(opinions, truth, START, 0.01)
    assert all(0 <= weight <= MAX_WEIGHT for weight in weights)
    by_chance = (np.bincount(truth, minlength=width) / cells)[truth]

    def likelihood(of: list[float]) -> float:
        return float(np.log(0.99 * pooled(opinions, of)[np.arange(cells), truth] + 0.01 * by_chance).sum())

    assert likelihood(weights) >= likelihood(START) - 1e-6
    np.testing.assert_allclose(pooled(opinions, weights).sum(axis=1), 1)


def test_who_is_right_gains_and_who_guesses_does_not() -> None:
    rng = np.random.default_rng(5)
    truth = rng.integers(0, 3, 400)
    right, guessing = opinion(rng, truth, 3, 0.8), opinion(rng, truth, 3, 0.0)
    assert fitted_weights([guessing, guessing, right], truth, START, 0.01)[2] > 0.5
    assert fitted_weights([right, right, guessing], truth, START, 0.01)[2] < 0.1
