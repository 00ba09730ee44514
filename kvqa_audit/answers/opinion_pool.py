"""Several opinions on each cell come in; one probability of each answer, with weights that fit held-out answers, goes
out.

The logarithmic opinion pool, a weighted geometric mean (Genest and Zidek 1986). Each opinion is out of fold, so the
weights under which the given answers are likeliest are held-out ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

# How much log likelihood, over all cells, a weight has to earn to move by one from where it starts.
PENALTY = 5.0
MAX_WEIGHT = 2.0


def pooled(opinions: list[np.ndarray[Any, Any]], weights: list[float]) -> np.ndarray[Any, Any]:
    """The pool of some opinions, each the logarithms of (cells x answers), under these weights."""
    import numpy as np

    said = summed(opinions, weights)
    said = np.exp(said - np.max(said, axis=1, keepdims=True))
    return np.asarray(said / said.sum(axis=1, keepdims=True))


def summed(opinions: list[np.ndarray[Any, Any]], weights: list[float]) -> np.ndarray[Any, Any]:
    """The weighted sum of some opinions, which is their part of the log odds."""
    import numpy as np

    return np.asarray(sum(weight * opinion for weight, opinion in zip(weights, opinions, strict=True)))


def fitted_weights(
    opinions: list[np.ndarray[Any, Any]], given: np.ndarray[Any, Any], start: list[float], noise: float
) -> list[float]:
    """The weights, 0 to 2, under which the given answers are likeliest, not far from where they start without need.

    Args:
        opinions: as for `pooled`.
        given: the answer of each cell.
        start: the weights before anything is known.
        noise: the share of answers that are given by chance.
    """
    import numpy as np
    from scipy.optimize import minimize

    cell = np.arange(len(given))
    by_chance = (np.bincount(given, minlength=opinions[0].shape[1]) / len(given))[given]

    def cost(weights: np.ndarray[Any, Any]) -> float:
        likely = (1.0 - noise) * pooled(opinions, weights.tolist())[cell, given] + noise * by_chance
        return float(PENALTY * ((weights - start) ** 2).sum() - np.log(likely).sum())

    found = minimize(cost, np.array(start), bounds=[(0.0, MAX_WEIGHT)] * len(start), method="L-BFGS-B")
    return [round(weight, 6) for weight in found.x.tolist()]
