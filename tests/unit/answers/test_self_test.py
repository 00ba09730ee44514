"""The self test tells what planted errors would score: well where answers can be told, and not at all where not."""

from __future__ import annotations

import numpy as np
import pytest

from kvqa_audit.answers.held_out import chance_of_exchange
from kvqa_audit.answers.self_test import DRAWS, planted_scores, self_test


def cells(sure: float, count: int = 3000, seed: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Answers to three choices, and how probable each is held: `sure` for the right one, the same for the others."""
    chance = np.random.default_rng(seed)
    right = chance.integers(0, 3, count)
    probabilities = np.full((count, 3), (1 - sure) / 2)
    probabilities[np.arange(count), right] = sure
    given = np.where(chance.random(count) < sure, right, (right + chance.integers(1, 3, count)) % 3)
    return probabilities, given


def likely(_: np.ndarray, __: np.ndarray, scores: np.ndarray) -> np.ndarray:
    return scores >= 0.02


@pytest.mark.parametrize("sure", [0.6, 0.9, 0.99, 0.999])
def test_scores_of_calibrated_probabilities_are_calibrated(sure: float) -> None:
    tested = self_test([planted_scores(*cells(sure), likely)])
    assert tested is not None
    assert tested.cells == 3000
    assert 0.005 < tested.planted / DRAWS / tested.cells < 0.015
    for band in tested.reliability:
        deviation = (band.mean_score * (1 - band.mean_score) / band.cells) ** 0.5
        assert abs(band.share - band.mean_score) < 0.1 * band.mean_score + 6 * deviation


def test_findings_are_warnings_only_where_they_are_precise() -> None:
    sharp, blunt = (self_test([planted_scores(*cells(sure), likely)]) for sure in (0.999, 0.6))
    assert sharp is not None
    assert blunt is not None
    assert sharp.warning_from is not None
    assert blunt.warning_from is None
    assert sharp.average_precision > 0.8 > 0.1 > blunt.average_precision
    precise = [band for band in sharp.findings if band.low >= sharp.warning_from]
    assert all(band.share >= 0.5 for band in precise)


def test_a_planted_error_scores_what_it_would_score_if_it_stood_there() -> None:
    probabilities, given = cells(0.9, count=200)
    scores, _, planted = planted_scores(probabilities, given, likely)
    frequency = np.bincount(given) / len(given)
    assert planted.any()
    for draw, touched in enumerate(planted):
        assert np.allclose(scores[draw][~touched], chance_of_exchange(probabilities, given)[~touched])
        for cell in np.flatnonzero(touched):
            could = [chance_of_exchange(probabilities[[cell]], np.array([other]), frequency)[0] for other in range(3)]
            assert np.isclose(scores[draw][cell], [one for n, one in enumerate(could) if n != given[cell]]).any()


def test_too_few_planted_errors_make_no_warning() -> None:
    tested = self_test([planted_scores(*cells(0.999, count=60), likely)])
    assert tested is None or tested.warning_from is None
    assert self_test([]) is None
