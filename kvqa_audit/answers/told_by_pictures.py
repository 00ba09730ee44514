"""What pictures say about answers comes in; how much that tells, with its interval, goes out: about nothing is chance.

The gain is how many bits an answer is less surprising, out of fold, to who sees how the picture looks than to who knows
only how often each answer is given; its 95 % interval is over pictures, of which copies count once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

MIN_PICTURES = 100
_Z_95 = 1.96


@dataclass(frozen=True, slots=True)
class PictureGain:
    """How much the look of the pictures tells about the answers to one question, in bits an answer."""

    question: str
    pictures: int
    bits: float
    low: float
    high: float

    @property
    def is_chance(self) -> bool:
        return self.low <= 0.0


def gain_by_pictures(
    question: str, log_odds: np.ndarray[Any, Any], given: np.ndarray[Any, Any], groups: np.ndarray[Any, Any]
) -> PictureGain | None:
    """Measures one question; None where fewer than 100 pictures were seen.

    Args:
        question: its short name.
        log_odds: how much likelier each answer is for the look of each picture, (cells, answers), out of fold; all 0
            where there is no picture.
        given: the answer of each cell.
        groups: the group of each cell's picture; copies share one.
    """
    import numpy as np

    shown = np.flatnonzero(log_odds.any(axis=1))
    frequency = np.bincount(given, minlength=log_odds.shape[1]) / max(1, len(given))
    said = frequency * np.exp(log_odds[shown])
    likelihood = said[np.arange(len(shown)), given[shown]] / said.sum(axis=1)
    bits = np.log2(likelihood / frequency[given[shown]])
    _, group = np.unique(groups[shown], return_inverse=True)
    count = int(group.max(initial=-1)) + 1
    if count < MIN_PICTURES:
        return None
    of_picture = np.bincount(group, bits) / np.bincount(group)
    mean, reach = float(of_picture.mean()), _Z_95 * float(of_picture.std(ddof=1)) / count**0.5
    return PictureGain(question, count, mean, mean - reach, mean + reach)
