"""What several people said about the same things comes in; how far they agree, and how often each was right, goes out.

Pure functions over verdicts as texts: any scale of names will do, and what somebody did not judge is left out.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from kvqa_audit.model.estimate import Estimate, share_of, wilson


@dataclass(frozen=True, slots=True)
class Rating:
    """What one person said about one thing that a check found."""

    item: str
    check: str
    reviewer: str
    verdict: str


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far people agree.

    Attributes:
        items: the things that two or more of them judged.
        share: of the pairs of verdicts about one thing, how many are equal; None where there is no such thing.
        kappa: beyond chance (Cohen 1960), 1 is full agreement, 0 what chance gives; None unless two people judged, or
            where both said one and the same of everything.
        alpha: beyond chance, for any number of people and gaps (Krippendorff 2011, nominal); None where all verdicts
            are one and the same.
    """

    items: int
    share: Estimate | None
    kappa: Estimate | None
    alpha: Estimate | None


@dataclass(frozen=True, slots=True)
class KnownScore:
    """How one person judged things whose right verdict is known.

    `missed` were defects and called something else, `false_alarms` were none and called so.
    """

    right: Estimate
    missed: int
    false_alarms: int


def agreement(ratings: Iterable[Rating]) -> Agreement:
    """How far all who rated agree; of several ratings of one thing by one person the last counts.

    The intervals hold the chance agreement fixed and take that of the share (Wilson, over things), as Cohen did for
    kappa: unlike a bootstrap they do not shrink to nothing where a few things were judged alike.
    """
    units = _units(ratings)
    agreed = _agreement_within(units)
    raters = {reviewer for said in units for reviewer in said}
    chance = _chance_of_two(units, *sorted(raters)) if len(raters) == 2 else None
    return Agreement(
        len(units),
        agreed,
        _beyond(agreed, chance),
        _beyond(_weighted_by_values(units, agreed), _chance_of_all(units)),
    )


def agreement_by_check(ratings: Iterable[Rating]) -> Mapping[str, Agreement]:
    """The agreement about the findings of each check, by its code."""
    by_check: defaultdict[str, list[Rating]] = defaultdict(list)
    for rating in ratings:
        by_check[rating.check].append(rating)
    return {code: agreement(rated) for code, rated in sorted(by_check.items())}


def agreement_by_pair(ratings: Iterable[Rating]) -> Mapping[tuple[str, str], Agreement]:
    """The agreement of each two people who judged a thing in common, by their names in alphabetical order."""
    by_reviewer: defaultdict[str, list[Rating]] = defaultdict(list)
    for rating in ratings:
        by_reviewer[rating.reviewer].append(rating)
    pairs = {(a, b): agreement([*by_reviewer[a], *by_reviewer[b]]) for a, b in combinations(sorted(by_reviewer), 2)}
    return {pair: found for pair, found in pairs.items() if found.items}


def agreement_by_reviewer(ratings: Iterable[Rating]) -> Mapping[str, Estimate]:
    """How often each person says what another does: of their pairs of verdicts with others, the share that is equal."""
    equal: Counter[str] = Counter()
    pairs: Counter[str] = Counter()
    for said in _units(ratings):
        for reviewer, verdict in said.items():
            others = [theirs for other, theirs in said.items() if other != reviewer]
            pairs[reviewer] += len(others)
            equal[reviewer] += others.count(verdict)
    found = {reviewer: share_of(equal[reviewer], number) for reviewer, number in sorted(pairs.items())}
    return {reviewer: share for reviewer, share in found.items() if share is not None}


def known_scores(ratings: Iterable[Rating], known: Mapping[str, str], defect: str) -> Mapping[str, KnownScore]:
    """How each person judged the things whose right verdict is known; who judged none of them is left out.

    Args:
        ratings: what was said; of several ratings of one thing by one person the last counts.
        known: thing → right verdict.
        defect: the verdict that says that a thing is a defect.
    """
    by_reviewer: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for rating in ratings:
        if rating.item in known:
            by_reviewer[rating.reviewer][rating.item] = rating.verdict
    scores = {}
    for reviewer, said in sorted(by_reviewer.items()):
        right = share_of(sum(verdict == known[item] for item, verdict in said.items()), len(said))
        missed = sum(known[item] == defect != verdict for item, verdict in said.items())
        false_alarms = sum(verdict == defect != known[item] for item, verdict in said.items())
        if right is not None:
            scores[reviewer] = KnownScore(right, missed, false_alarms)
    return scores


Units = Sequence[Mapping[str, str]]


def _units(ratings: Iterable[Rating]) -> Units:
    """Each thing that two or more people judged: reviewer → verdict."""
    by_item: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for rating in ratings:
        by_item[rating.item][rating.reviewer] = rating.verdict
    return [said for said in by_item.values() if len(said) > 1]


def _equal_pairs(said: Mapping[str, str]) -> int:
    return sum(number * (number - 1) // 2 for number in Counter(said.values()).values())


def _agreement_within(units: Units) -> Estimate | None:
    """The share of equal pairs; its interval counts things, as the pairs about one thing are no separate ones."""
    pairs = sum(len(said) * (len(said) - 1) // 2 for said in units)
    if not pairs:
        return None
    share = sum(map(_equal_pairs, units)) / pairs
    return Estimate(share, *wilson(share * len(units), len(units)), len(units))


def _weighted_by_values(units: Units, agreed: Estimate | None) -> Estimate | None:
    """The share as alpha takes it: a thing weighs as many verdicts as it has, not as many pairs."""
    if agreed is None:
        return None
    values = sum(map(len, units))
    share = sum(2 * _equal_pairs(said) / (len(said) - 1) for said in units) / values
    return Estimate(share, *wilson(share * len(units), len(units)), len(units))


def _chance_of_two(units: Units, first: str, second: str) -> float:
    """The share in which two people would agree who say each verdict as often as they do, but of any thing."""
    theirs, others = (Counter(said[one] for said in units) for one in (first, second))
    return sum(number * others[verdict] for verdict, number in theirs.items()) / len(units) ** 2


def _chance_of_all(units: Units) -> float | None:
    """The share of equal ones among all pairs of verdicts, whatever they are about."""
    values = Counter(verdict for said in units for verdict in said.values())
    number = values.total()
    return sum(n * (n - 1) for n in values.values()) / (number * (number - 1)) if number > 1 else None


def _beyond(agreed: Estimate | None, chance: float | None) -> Estimate | None:
    """The agreement as a part of what there is beyond chance."""
    if agreed is None or chance is None or chance == 1:
        return None
    value, low, high = ((one - chance) / (1 - chance) for one in (agreed.value, agreed.low, agreed.high))
    return Estimate(value, low, high, agreed.n)
