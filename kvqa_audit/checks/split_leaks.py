"""Pairs of images come in; a defect for each group that several splits share, with the splits, goes out."""

from __future__ import annotations

from kvqa_audit.answers.splits import splits_of_images
from kvqa_audit.checks.base import Checked, Defect, Evidence
from kvqa_audit.checks.pairs import MAX_IN_EVIDENCE, PictureGroup, alignment, facts_of, groups_of, named, pairs_of
from kvqa_audit.model import Severity, Tier


def splits_by_image(evidence: Evidence) -> dict[str, tuple[str, ...]]:
    """Every image's splits as its rows name them, sorted, or without a table as folders do."""
    if "table" in evidence.absent:
        return {img_id: (split,) for img_id, split in evidence.folders.splits.items()}
    return splits_of_images(evidence.table.frame["img_id"].tolist(), evidence.table.splits)


def leaking_groups(evidence: Evidence, *tiers: Tier) -> Checked:
    """All images evaluated, and a defect for each group of these tiers whose images are in several splits."""
    splits = splits_by_image(evidence)
    apart = [
        pair
        for pair in pairs_of(evidence, *tiers)
        if pair.left in splits and pair.right in splits and len({*splits[pair.left], *splits[pair.right]}) > 1
    ]
    return Checked(len(evidence.fingerprints), (_defect(group, splits) for group in groups_of(apart)))


def _defect(group: PictureGroup, splits: dict[str, tuple[str, ...]]) -> Defect:
    nearest = min(group.pairs, key=lambda pair: list(Tier).index(pair.tier)).tier
    shown = "show the same scene" if nearest is Tier.NEAR_FRAME else "show the same picture"
    said = [f"{image} ({', '.join(splits[image])})" for image in group.members]
    return Defect(
        f"{named(said)} {shown} ({group.weakest.tier.value}): {alignment(group)}",
        related=group.members,
        evidence=facts_of(group) | {"splits": [list(splits[image]) for image in group.members[:MAX_IN_EVIDENCE]]},
        suggestion=f"Move {'both' if len(group.members) == 2 else 'all'} into one split",
        severity=Severity.WARNING if nearest is Tier.NEAR_FRAME else None,
    )
