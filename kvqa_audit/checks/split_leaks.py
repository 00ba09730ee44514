"""Pairs of images come in; a defect for each that two splits share, with both splits, goes out."""

from __future__ import annotations

from collections.abc import Iterator

from kvqa_audit.answers.splits import splits_of_images
from kvqa_audit.checks.base import Checked, Defect, Evidence
from kvqa_audit.checks.pairs import alignment, facts_of, pairs_of
from kvqa_audit.model import DuplicatePair, Severity, Tier


def splits_by_image(evidence: Evidence) -> dict[str, tuple[str, ...]]:
    """Every image's splits as its rows name them, sorted."""
    return splits_of_images(evidence.table.frame["img_id"].tolist(), evidence.table.splits)


def leaking_pairs(evidence: Evidence, *tiers: Tier) -> Checked:
    """All pairs of these tiers evaluated whose images have a split, and a defect for each whose splits differ."""
    splits = splits_by_image(evidence)
    pairs = [pair for pair in pairs_of(evidence, *tiers) if pair.left in splits and pair.right in splits]
    return Checked(len(evidence.fingerprints), _defects(pairs, splits))


def _defects(pairs: list[DuplicatePair], splits: dict[str, tuple[str, ...]]) -> Iterator[Defect]:
    for pair in pairs:
        left, right = splits[pair.left], splits[pair.right]
        if len({*left, *right}) > 1:
            shown = "show the same scene" if pair.tier is Tier.NEAR_FRAME else "show the same picture"
            yield Defect(
                f"{pair.left} ({', '.join(left)}) and {pair.right} ({', '.join(right)}) {shown} "
                f"({pair.tier.value}): {alignment(pair)}",
                related=(pair.left, pair.right),
                evidence=facts_of(pair) | {"splits": [list(left), list(right)]},
                suggestion="Move both into one split",
                severity=Severity.WARNING if pair.tier is Tier.NEAR_FRAME else None,
            )
