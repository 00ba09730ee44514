"""Out-of-fold probabilities come in; how well errors that are planted into this very dataset are found goes out.

Each cell is judged without its own value, so what another value there would score is known without learning anew. In
each of several draws one cell in a hundred gets another value, as often as those are given; all the others are taken
for right, so that the errors that were there before count as false alarms: the precision is rather better than told.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kvqa_audit.answers.held_out import ASSUMED_SHARE, chance_of_exchange

if TYPE_CHECKING:
    import numpy as np

DRAWS = 10
WARNING_PRECISION = 0.5
# Fewer planted values tell nothing of how precise findings are.
MIN_PLANTED = 20
_EDGES = (0.0, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 1.0)


@dataclass(frozen=True, slots=True)
class ScoreBand:
    """The judged cells, or the findings among them, whose score lies between two bounds.

    `mean_score` is what the scores predict, `share` how many of them were planted; `cells` are counted over all draws.
    """

    low: float
    high: float
    cells: int
    mean_score: float
    share: float


@dataclass(frozen=True, slots=True)
class SelfTest:
    """How planted errors were found.

    `cells` were judged in each draw, `planted` are of all draws together. `average_precision` ranks all cells, and
    `findings` are those that would be told, by their score. `reliability` holds the predicted beside the true share of
    errors among all cells, and `brier_score` is the mean square of their difference (0 is perfect). From the score
    `warning_from` on at least every second finding was planted; None where none is that precise, or too few were
    planted.
    """

    cells: int
    planted: int
    average_precision: float
    brier_score: float
    findings: tuple[ScoreBand, ...]
    reliability: tuple[ScoreBand, ...]
    warning_from: float | None


# The planted values of one question: scores, whether each would be told, and whether it was planted; (draws, cells).
Planted = tuple["np.ndarray[Any, Any]", "np.ndarray[Any, Any]", "np.ndarray[Any, Any]"]


def planted_scores(
    probabilities: np.ndarray[Any, Any],
    given: np.ndarray[Any, Any],
    told: Callable[[np.ndarray[Any, Any], np.ndarray[Any, Any], np.ndarray[Any, Any]], np.ndarray[Any, Any]],
) -> Planted:
    """Plants errors into the cells of one question, again and again.

    How often each class is given stays that of the table as it is: a few planted ones change little. So only the
    planted cells are scored anew.

    Args:
        probabilities: of each class, out of fold, (n, classes).
        given: the class of each cell.
        told: which of some cells (their places) would be told as suspicious, by their classes and scores.
    """
    import numpy as np

    chance, count, width = np.random.default_rng(len(given)), len(given), probabilities.shape[1]
    frequency = np.bincount(given, minlength=width) / count
    planted = chance.random((DRAWS, count)) < ASSUMED_SHARE
    draw, cell = np.nonzero(planted)
    others = frequency * (1.0 - np.eye(width))
    values = np.array([chance.choice(width, p=others[own] / others[own].sum()) for own in given[cell]], dtype=int)
    before = chance_of_exchange(probabilities, given, frequency)
    scores = np.tile(before.astype(np.float32), (DRAWS, 1))
    findings = np.tile(told(np.arange(count), given, before), (DRAWS, 1))
    if cell.size:
        after = chance_of_exchange(probabilities[cell], values, frequency)
        scores[draw, cell], findings[draw, cell] = after, told(cell, values, after)
    return scores, findings, planted


def self_test(parts: Sequence[Planted]) -> SelfTest | None:
    """What the planted errors of all questions tell together; None where nothing was planted."""
    import numpy as np
    from sklearn.isotonic import IsotonicRegression
    from sklearn.metrics import average_precision_score

    if not parts:
        return None
    scores, findings, planted = (np.concatenate([part[kind] for part in parts], axis=1) for kind in range(3))
    if not planted.any():
        return None
    precise = [average_precision_score(p, s) for p, s in zip(planted, scores, strict=True) if p.any()]
    warning_from = None
    if findings.any() and planted.sum() >= MIN_PLANTED:
        expected = IsotonicRegression(y_min=0.0, y_max=1.0).fit(scores[findings], planted[findings])
        enough = np.sort(scores[findings])[expected.predict(np.sort(scores[findings])) >= WARNING_PRECISION]
        warning_from = float(enough[0]) if enough.size else None
    return SelfTest(
        cells=scores.shape[1],
        planted=int(planted.sum()),
        average_precision=float(np.mean(precise)),
        brier_score=float(np.mean((scores - planted) ** 2)),
        findings=_bands(scores[findings], planted[findings]),
        reliability=_bands(scores.ravel(), planted.ravel()),
        warning_from=warning_from,
    )


def _bands(scores: np.ndarray[Any, Any], planted: np.ndarray[Any, Any]) -> tuple[ScoreBand, ...]:
    import numpy as np

    band = np.clip(np.digitize(scores, _EDGES) - 1, 0, len(_EDGES) - 2)
    return tuple(
        ScoreBand(
            _EDGES[number],
            _EDGES[number + 1],
            int(inside.sum()),
            float(scores[inside].mean()),
            float(planted[inside].mean()),
        )
        for number in range(len(_EDGES) - 1)
        if (inside := band == number).any()
    )
