"""The answer shares and fingerprints of two audits come in; how far each distribution moved goes out."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from kvqa_audit.model import AnswerShare, ImageFingerprint

SIGNIFICANT_Q = 0.05
# The customary border of a moderate shift (N. Siddiqi, Credit Risk Scorecards, 2006).
NOTABLE_PSI = 0.1
NOTABLE_KS = 0.1
# Cochran's rule of thumb for the chi-square test.
LEAST_EXPECTED = 5.0
# The exact p value costs the product of the sizes; from here on the asymptotic one is as good.
MOST_EXACT = 100
OF_THE_FILE = ("width", "height", "size_bytes")
OF_THE_PIXELS = ("brightness", "contrast", "sharpness", "entropy_bits")


@dataclass(frozen=True, slots=True)
class AnswerDrift:
    """How far the answers to one question in one source moved.

    `before` and `after` are the numbers of answered rows. `js_bits` is the Jensen-Shannon divergence, 0 (equal) to 1
    (nothing in common); `psi` the population stability index with half a row added to every answer; both are None
    where one side has no rows. `p` is the chi-square test's of equal distributions, answers that are too rare for it
    taken together, None where nothing can be tested; `q` is `p` after Benjamini and Hochberg over all cells. The test
    takes the two sides for independent: where they share rows, it finds too little rather than too much.
    `moved` names the answer whose share changed most, with its shares before and after.
    """

    source: str
    question: str
    before: int
    after: int
    js_bits: float | None
    psi: float | None
    p: float | None
    q: float | None
    moved: tuple[str, float, float] | None

    @property
    def is_notable(self) -> bool:
        """Whether the shift is both significant and not small."""
        return self.q is not None and self.q <= SIGNIFICANT_Q and self.psi is not None and self.psi >= NOTABLE_PSI


@dataclass(frozen=True, slots=True)
class ImageDrift:
    """How far one measure of the images moved, in one source, or in all where `source` is None.

    `before` and `after` are numbers of images, the medians are in the measure's unit. `ks` is the Kolmogorov-Smirnov
    statistic, the largest distance of the two cumulated distributions, 0 to 1; `q` its p value after Benjamini and
    Hochberg over all measures and sources.
    """

    measure: str
    source: str | None
    before: int
    after: int
    median_before: float
    median_after: float
    ks: float
    p: float
    q: float

    @property
    def is_notable(self) -> bool:
        """Whether the shift is both significant and not small."""
        return self.q <= SIGNIFICANT_Q and self.ks >= NOTABLE_KS


def answer_drift(before: Iterable[AnswerShare], after: Iterable[AnswerShare]) -> tuple[AnswerDrift, ...]:
    """One entry a source x question of either side, sorted by source and question."""
    old, new = _counts(before), _counts(after)
    cells = [_cell(*cell, old.get(cell, {}), new.get(cell, {})) for cell in sorted(old.keys() | new.keys())]
    tested = iter(_adjusted([cell.p for cell in cells if cell.p is not None]))
    return tuple(cell if cell.p is None else replace(cell, q=next(tested)) for cell in cells)


def image_drift(
    before: Sequence[ImageFingerprint],
    after: Sequence[ImageFingerprint],
    source_before: Mapping[str, str],
    source_after: Mapping[str, str],
    measures: Iterable[str],
) -> tuple[ImageDrift, ...]:
    """One entry a measure and source that both sides have values of, all sources together first.

    Args:
        before: fingerprints of the earlier audit.
        after: fingerprints of today.
        source_before: img_id → source in the earlier audit.
        source_after: img_id → source today.
        measures: names of numeric fields of the fingerprints.
    """
    found: list[ImageDrift] = []
    for measure in measures:
        old, new = _values(before, source_before, measure), _values(after, source_after, measure)
        sources = sorted(old.keys() & new.keys(), key=lambda one: (one is not None, one))
        found += [_measured(measure, source, old[source], new[source]) for source in sources]
    adjusted = _adjusted([one.p for one in found])
    return tuple(replace(one, q=q) for one, q in zip(found, adjusted, strict=True))


def _counts(shares: Iterable[AnswerShare]) -> dict[tuple[str, str], dict[str, int]]:
    counts: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    for share in shares:
        counts[share.source, share.question][share.answer] = share.rows
    return counts


def _cell(source: str, question: str, old: Mapping[str, int], new: Mapping[str, int]) -> AnswerDrift:
    answers = sorted(old.keys() | new.keys())
    pairs = [(old.get(answer, 0), new.get(answer, 0)) for answer in answers]
    before, after = sum(old.values()), sum(new.values())
    if not before or not after:
        return AnswerDrift(source, question, before, after, None, None, None, None, None)
    shares = [(a / before, b / after) for a, b in pairs]
    most = max(range(len(answers)), key=lambda n: abs(shares[n][1] - shares[n][0]))
    return AnswerDrift(
        source,
        question,
        before,
        after,
        js_bits=_jensen_shannon_bits(shares),
        psi=_stability_index(pairs),
        p=_chi_square_p(pairs),
        q=None,
        moved=(answers[most], *shares[most]) if shares[most][0] != shares[most][1] else None,
    )


def _jensen_shannon_bits(shares: Iterable[tuple[float, float]]) -> float:
    """J. Lin, Divergence measures based on the Shannon entropy, 1991; with logarithms to base 2."""
    total = 0.0
    for a, b in shares:
        middle = (a + b) / 2
        total += sum(share * math.log2(share / middle) for share in (a, b) if share) / 2
    return min(1.0, max(0.0, total))


def _stability_index(pairs: Sequence[tuple[int, int]]) -> float:
    old = sum(a for a, _ in pairs) + len(pairs) / 2
    new = sum(b for _, b in pairs) + len(pairs) / 2
    shares = [((a + 0.5) / old, (b + 0.5) / new) for a, b in pairs]
    return sum((b - a) * math.log(b / a) for a, b in shares)


def _chi_square_p(pairs: Sequence[tuple[int, int]]) -> float | None:
    from scipy.stats import chi2_contingency

    smaller = min(sum(side) for side in zip(*pairs, strict=True)) / sum(map(sum, pairs))
    common = [pair for pair in pairs if sum(pair) * smaller >= LEAST_EXPECTED]
    rare = [pair for pair in pairs if sum(pair) * smaller < LEAST_EXPECTED]
    together = (sum(a for a, _ in rare), sum(b for _, b in rare))
    if sum(together) * smaller >= LEAST_EXPECTED:
        common.append(together)
    if len(common) < 2:
        return None
    return float(chi2_contingency(common, correction=False).pvalue)


def _values(
    images: Iterable[ImageFingerprint], sources: Mapping[str, str], measure: str
) -> dict[str | None, list[float]]:
    values: dict[str | None, list[float]] = defaultdict(list)
    for image in images:
        value = getattr(image, measure)
        if value is None or image.problem is not None:
            continue
        values[None].append(value)
        if image.img_id in sources:
            values[sources[image.img_id]].append(value)
    return values


def _measured(measure: str, source: str | None, old: list[float], new: list[float]) -> ImageDrift:
    import numpy as np
    from scipy.stats import ks_2samp

    test = ks_2samp(old, new, method="exact" if max(len(old), len(new)) <= MOST_EXACT else "asymp")
    medians = float(np.median(old)), float(np.median(new))
    return ImageDrift(measure, source, len(old), len(new), *medians, float(test.statistic), float(test.pvalue), 1.0)


def _adjusted(p_values: Sequence[float]) -> list[float]:
    """Benjamini and Hochberg, Controlling the false discovery rate, 1995."""
    if not p_values:
        return []
    from scipy.stats import false_discovery_control

    return [float(q) for q in false_discovery_control(p_values, method="bh")]
