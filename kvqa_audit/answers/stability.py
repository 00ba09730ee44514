"""Answer cells and verified duplicates come in; how stable the answers to one picture are goes out, per question."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from kvqa_audit.answers.cells import AnswerCells
from kvqa_audit.model import DuplicatePair, Tier
from kvqa_audit.spec.dataset_spec import DatasetSpec

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

COPIES = (Tier.IDENTICAL_BYTES, Tier.IDENTICAL_PIXELS, Tier.RE_ENCODE, Tier.NEAR)
PLACES_KEPT = ("identity", "overlay", "light")
RESAMPLES = 1_000
SEED = 20_261_125
MAX_DRAWN = 3_000_000
MAX_DISTINCT_ANSWERS = 500


@dataclass(frozen=True, slots=True)
class QuestionStability:
    """How equally one question is answered on copies of one picture.

    This is label stability, not agreement between raters: nobody knows who answered. `groups` are the sets of images
    that show one picture, of which at least two answer the question; `images` are the answers in them, the cells;
    `pairs` are all pairs of images within a group, and `agreement` is the share of pairs with equal answers.

    `kappa` is Cohen's, for questions with one answer: two copies have no order, so every pair counts in both orders
    (which makes it equal to Scott's pi). `alpha` is Krippendorff's with the MASI distance, for questions with several
    answers. Both are None for the other kind, and where the answers do not vary or take over 500 values. `*_low`
    and `*_high` are the 2.5th and the 97.5th percentile over resampled groups (bootstrap, fixed seed); None with fewer
    than two groups.
    """

    question: str
    type: str
    groups: int
    images: int
    pairs: int
    agreement: float
    agreement_low: float | None = None
    agreement_high: float | None = None
    kappa: float | None = None
    kappa_low: float | None = None
    kappa_high: float | None = None
    alpha: float | None = None
    alpha_low: float | None = None
    alpha_high: float | None = None


def label_stability(
    cells: AnswerCells, pairs: Iterable[DuplicatePair], spec: DatasetSpec
) -> tuple[QuestionStability, ...]:
    """Compares the answers within groups of verified copies, for every question of the catalogue that can be.

    Neighbouring video frames (the tier near-frame) are not the same picture and are left out. Questions about places
    leave out copies that are flipped, turned or cropped.
    """
    copies = [pair for pair in pairs if pair.tier in COPIES]
    anywhere = connected([(pair.left, pair.right) for pair in copies])
    in_place = connected([(pair.left, pair.right) for pair in copies if pair.transform in PLACES_KEPT])
    found = []
    for question, text in enumerate(cells.questions):
        known = spec.question_by_text[text]
        groups = _answers_by_group(cells, question, in_place if known.type == "location" else anywhere)
        if groups:
            several = known.is_multi_valued or known.one_row_per_item
            found.append(_stability(text, known.type, groups, cells.answers if several else None))
    return tuple(sorted(found, key=lambda entry: entry.question))


def connected(edges: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Every image in an edge → the smallest id among those it is connected with."""
    leader: dict[str, str] = {}

    def lead(image: str) -> str:
        leader.setdefault(image, image)
        while leader[image] != image:
            leader[image] = leader[leader[image]]
            image = leader[image]
        return image

    for left, right in edges:
        first, second = sorted((lead(left), lead(right)))
        leader[second] = first
    return {image: lead(image) for image in list(leader)}


def masi_distance(left: frozenset[str], right: frozenset[str]) -> float:
    """1 - Jaccard x monotonicity; monotonicity is 1 for equal sets, 2/3 for a subset, 1/3 for an overlap, 0 for none.

    Passonneau 2006, Measuring Agreement on Set-valued Items (MASI).
    """
    common, union = len(left & right), len(left | right)
    if left == right:
        return 0.0
    if not common:
        return 1.0
    monotonicity = 2 / 3 if left <= right or right <= left else 1 / 3
    return 1.0 - common / union * monotonicity


def _answers_by_group(cells: AnswerCells, question: int, group_of: dict[str, str]) -> list[list[int]]:
    """The answers of each group with at least two, groups in the order of their ids."""
    import numpy as np

    found: dict[str, list[int]] = {}
    chosen = np.flatnonzero(cells.question == question)
    for image, answer in zip(cells.image[chosen].tolist(), cells.answer[chosen].tolist(), strict=True):
        group = group_of.get(cells.images[image])
        if group is not None:
            found.setdefault(group, []).append(answer)
    return [answers for _, answers in sorted(found.items()) if len(answers) > 1]


def _stability(
    text: str, kind: str, groups: list[list[int]], sets: tuple[tuple[str, ...], ...] | None
) -> QuestionStability:
    import numpy as np

    codes = sorted({answer for answers in groups for answer in answers})
    position = {code: place for place, code in enumerate(codes)}
    weights = _resamples(len(groups))
    pairs = np.array([math.comb(len(answers), 2) for answers in groups], dtype=np.float64)
    tallies = [Counter(position[answer] for answer in answers) for answers in groups]
    equal = np.array([sum(math.comb(count, 2) for count in tally.values()) for tally in tallies], dtype=np.float64)
    agreement = _ratio(weights @ equal, weights @ pairs)
    kappa = alpha = np.full(len(weights), np.nan)
    if len(codes) <= MAX_DISTINCT_ANSWERS:
        counts = np.zeros((len(groups), len(codes)))
        for group, tally in enumerate(tallies):
            counts[group, list(tally)] = list(tally.values())
        if sets is None:
            kappa = _kappa(counts, pairs, agreement, weights)
        else:
            alpha = _alpha(counts, _distances([frozenset(sets[code]) for code in codes]), weights)
    return QuestionStability(
        text,
        kind,
        len(groups),
        sum(map(len, groups)),
        int(pairs.sum()),
        float(agreement[0]),
        *_interval(agreement),
        *(_estimate(kappa), *_interval(kappa)),
        *(_estimate(alpha), *_interval(alpha)),
    )


def _resamples(groups: int) -> NDArray[np.float64]:
    """How often each group is drawn: the sample itself first, then the draws with replacement, none for one group."""
    import numpy as np

    resamples = min(RESAMPLES, MAX_DRAWN // groups) if groups > 1 else 0
    drawn = np.random.default_rng(SEED).multinomial(groups, np.full(groups, 1 / groups), size=resamples)
    return np.vstack([np.ones(groups), drawn])


def _kappa(
    counts: NDArray[np.float64],
    pairs: NDArray[np.float64],
    agreement: NDArray[np.float64],
    weights: NDArray[np.float64],
) -> NDArray[np.float64]:
    """(observed - expected) / (1 - expected), with the table of pairs in both orders (Cohen 1960)."""
    margins = counts * (counts.sum(axis=1, keepdims=True) - 1)
    shares = _ratio(weights @ margins, 2 * (weights @ pairs)[:, None])
    expected = (shares**2).sum(axis=1)
    return _ratio(agreement - expected, 1 - expected)


def _alpha(
    counts: NDArray[np.float64], distances: NDArray[np.float64], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """1 - observed / expected disagreement (Krippendorff 2011, Computing Krippendorff's Alpha-Reliability)."""
    members = counts.sum(axis=1)
    within = ((counts @ distances) * counts).sum(axis=1) / (members - 1)
    total = weights @ members
    marginals = weights @ counts
    between = ((marginals @ distances) * marginals).sum(axis=1) / (total - 1)
    return 1 - _ratio(weights @ within, between)


def _distances(sets: list[frozenset[str]]) -> NDArray[np.float64]:
    import numpy as np

    distances = np.zeros((len(sets), len(sets)))
    for (i, left), (j, right) in combinations(enumerate(sets), 2):
        distances[i, j] = distances[j, i] = masi_distance(left, right)
    return distances


def _ratio(above: NDArray[np.float64], below: NDArray[np.float64]) -> NDArray[np.float64]:
    """NaN where nothing is to be divided by; a difference of rounding alone counts as nothing."""
    import numpy as np

    above, below = np.broadcast_arrays(above, below)
    quotient: NDArray[np.float64] = np.full(above.shape, np.nan)
    np.divide(above, below, out=quotient, where=below > 1e-12)
    return quotient


def _estimate(replicates: NDArray[np.float64]) -> float | None:
    return None if replicates[0] != replicates[0] else float(replicates[0])


def _interval(replicates: NDArray[np.float64]) -> tuple[float | None, float | None]:
    """The percentile interval over the resamples that can be computed."""
    import numpy as np

    drawn = replicates[1:][~np.isnan(replicates[1:])]
    if np.isnan(replicates[0]) or not len(drawn):
        return None, None
    low, high = np.percentile(drawn, [2.5, 97.5]).tolist()
    return float(low), float(high)
