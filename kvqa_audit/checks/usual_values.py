"""A measured value of each image and the images' sources come in; which values are unusual here goes out.

The values are skewed, so their logarithm is judged, and on the side in question alone: how far a value is from the
median, in units of the distance of the quartile on that side (a one-sided form of the robust z score, Iglewicz and
Hoaglin 1993).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Literal

MIN_PEERS = 30
# Of a small dataset a rough measure of what is usual is better than none.
MIN_PEERS_IN_ALL = 8
MIN_DEVIATIONS = 3.0
_QUARTILE_DEVIATIONS = 0.6745
_LEAST_SPREAD = 0.1
# A share of nothing has no logarithm.
_OFFSET = 0.01


@dataclass(frozen=True, slots=True)
class Peers:
    """The images that one is judged among: how many, the median of their values, and one deviation of its logarithm."""

    images: int
    median: float
    log_spread: float
    of_source: bool

    def deviations(self, value: float) -> float:
        """How far a value is from the median, in deviations; below it negative."""
        return (math.log(value + _OFFSET) - math.log(self.median + _OFFSET)) / self.log_spread


@dataclass(frozen=True)
class UsualValues:
    """What is usual for each image; None for one with too few peers, which the limit alone then judges."""

    side: Literal["low", "high"]
    by_source: Mapping[tuple[str, ...], Peers]
    whole: Peers | None
    sources: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(
        cls, values: Mapping[str, float], sources: Mapping[str, tuple[str, ...]], side: Literal["low", "high"]
    ) -> UsualValues:
        """Measures the usual values; `values`, none of them negative, and `sources` are by image id."""
        grouped: dict[tuple[str, ...], list[float]] = defaultdict(list)
        for img_id, value in values.items():
            grouped[sources.get(img_id, ())].append(value)
        by_source = {
            names: _peers(found, side, of_source=True)
            for names, found in grouped.items()
            if names and len(found) >= MIN_PEERS
        }
        whole = _peers(list(values.values()), side, of_source=False) if len(values) >= MIN_PEERS_IN_ALL else None
        return cls(side, by_source, whole, sources)

    def peers(self, img_id: str) -> Peers | None:
        return self.by_source.get(self.sources.get(img_id, ()), self.whole)

    def is_unusual(self, img_id: str, value: float) -> bool:
        """Whether a value lies at least three deviations out on this side."""
        peers = self.peers(img_id)
        if peers is None:
            return True
        away = peers.deviations(value)
        return away <= -MIN_DEVIATIONS if self.side == "low" else away >= MIN_DEVIATIONS


def beyond_both(values: Mapping[str, float]) -> frozenset[str]:
    """The images whose value lies three deviations out on either side among all; all of them where they are few."""
    sides: tuple[Literal["low", "high"], ...] = ("low", "high")
    usual = [UsualValues.of(values, {}, side) for side in sides]
    return frozenset(img_id for img_id, value in values.items() if any(u.is_unusual(img_id, value) for u in usual))


def _peers(values: list[float], side: Literal["low", "high"], *, of_source: bool) -> Peers:
    logs = [math.log(value + _OFFSET) for value in values]
    low, middle, high = quantiles(logs, n=4, method="inclusive")
    reach = middle - low if side == "low" else high - middle
    return Peers(len(values), median(values), max(reach / _QUARTILE_DEVIATIONS, _LEAST_SPREAD), of_source)
