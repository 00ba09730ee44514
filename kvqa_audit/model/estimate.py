"""Counts come in; a share with the interval in which the true one lies 95 times of 100 goes out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import exp, lgamma, sqrt

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


def exact_share(found: int, drawn: int, population: int) -> Estimate:
    """The share in a finite population of which some were drawn at random, with its exact interval.

    The ends are the least and the most there can be of what was found, so that drawing as many (or as few) as were
    found has a probability of more than 2.5 % (hypergeometric; Konijn 1973): it covers the truth at least 95 times of
    100, however rare it is, and is a point where all were drawn.

    Args:
        found: how many of the drawn ones have it.
        drawn: how many were drawn, 1 to `population`.
        population: how many there are.
    """
    least, most = found, population - (drawn - found)
    low = _first(least, most, lambda k: _at_most(drawn - found, population, population - k, drawn) > _TAIL)
    high = most - (_first(0, most - least, lambda n: _at_most(found, population, most - n, drawn) > _TAIL))
    return Estimate(found / drawn, low / population, high / population, drawn)


_TAIL = 0.025


def _first(start: int, end: int, holds: Callable[[int], bool]) -> int:
    """The first number from start to end for which it holds, which it does from there on."""
    while start < end:
        middle = (start + end) // 2
        if holds(middle):
            end = middle
        else:
            start = middle + 1
    return start


def _at_most(found: int, population: int, having: int, drawn: int) -> float:
    """The probability to draw at most so many of those that have it."""
    expected = (drawn + 1) * (having + 1) / (population + 2)
    if found <= expected:
        return _down_from(found, population, having, drawn)
    # The smaller tail: the other one would begin with a probability too small for a number.
    return 1 - _down_from(drawn - found - 1, population, population - having, drawn)


def _down_from(found: int, population: int, having: int, drawn: int) -> float:
    """The probability to draw so many, or fewer, where that is less than is expected."""
    lowest = max(0, drawn - (population - having))
    if found < lowest:
        return 0.0
    here = exp(_ways(having, found) + _ways(population - having, drawn - found) - _ways(population, drawn))
    total = 0.0
    for number in range(found, lowest - 1, -1):
        total += here
        # The probability of one less, out of this one.
        here *= number * (population - having - drawn + number) / ((having - number + 1) * (drawn - number + 1))
    return total


def _ways(of: int, chosen: int) -> float:
    return lgamma(of + 1) - lgamma(chosen + 1) - lgamma(of - chosen + 1)
