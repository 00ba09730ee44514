"""Counts come in; a share with the interval in which the true one lies 95 times of 100 goes out."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

Z_95_PERCENT = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value estimated from `n` things, and its 95 % interval `low` to `high`."""

    value: float
    low: float
    high: float
    n: int

    def in_percent(self) -> str:
        """The value and its interval as `83 % (61 % to 94 %, of 18)`."""
        return f"{self.value:.0%} ({self.low:.0%} to {self.high:.0%}, of {self.n:,})".replace("%", " %")


def wilson(found: float, of: float) -> tuple[float, float]:
    """The 95 % score interval of a share (Wilson 1927); (0, 1) where nothing was counted.

    It stays between 0 and 1, and near its 95 % for few counts, too (Brown, Cai and DasGupta 2001).

    Args:
        found: how many, 0 to `of`; a fraction where things are weighted.
        of: among how many.
    """
    if not of:
        return 0.0, 1.0
    share, z2 = found / of, Z_95_PERCENT**2
    centre = share + z2 / (2 * of)
    spread = Z_95_PERCENT * sqrt(share * (1 - share) / of + z2 / (4 * of**2))
    scale = 1 + z2 / of
    return max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale)


def share_of(found: int, of: int) -> Estimate | None:
    """The share with its interval; None where nothing was counted."""
    return Estimate(found / of, *wilson(found, of), of) if of else None
