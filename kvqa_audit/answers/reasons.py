"""What a model learnt and what is known of one image come in; the facts that speak for another answer go out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kvqa_audit.answers.context import Fact

if TYPE_CHECKING:
    import numpy as np
    from scipy import sparse

REASONS = 3
UNSAID = ("asked", "number")
LOOKS = Fact("looks", "")


@dataclass(frozen=True, slots=True)
class Reason:
    """One fact about the image that speaks for what is expected; `weight` is its part of the log odds."""

    fact: Fact
    weight: float


def reasons_for(
    known: sparse.csr_matrix,
    facts: tuple[Fact, ...],
    weights: np.ndarray[Any, Any],
    by_looks: np.ndarray[Any, Any],
    *,
    expected: int,
    given: int,
) -> tuple[Reason, ...]:
    """The facts that speak most for the expected class and against the given one, strongest first.

    Args:
        known: what is known of the image, (1, facts).
        facts: what its columns mean.
        weights: what was learnt from other images, (classes, facts).
        by_looks: how much the picture speaks for each class, (classes,).
    """
    speaks = known.data * (weights[expected] - weights[given])[known.indices]
    said = [
        Reason(facts[column], float(weight))
        for column, weight in zip(known.indices.tolist(), speaks.tolist(), strict=True)
        if weight > 0 and facts[column].kind not in UNSAID
    ]
    if by_looks[expected] > by_looks[given]:
        said.append(Reason(LOOKS, float(by_looks[expected] - by_looks[given])))
    return tuple(sorted(said, key=lambda reason: (-reason.weight, reason.fact.kind, reason.fact.value))[:REASONS])
