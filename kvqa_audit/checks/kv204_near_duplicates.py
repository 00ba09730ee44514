"""Verified pairs come in; a defect for every group of images that are altered copies of one picture goes out."""

from __future__ import annotations

from kvqa_audit.checks.base import Checked, Evidence, check
from kvqa_audit.checks.pairs import alignment, as_displayed, group_defect, groups_of, named, orientations_of, pairs_of
from kvqa_audit.model import PairKind, Severity, Tier


@check("KV204", Severity.WARNING, needs=("duplicates",), unit="images", pair=PairKind.SAME_PICTURE)
def near_duplicates(evidence: Evidence) -> Checked:
    """Images show the same picture, re-encoded or altered.

    Why: the picture is counted twice, and a split that separates the copies leaks.
    Fix: keep one of the images, or keep all in the same part of every split.
    """
    orientations = orientations_of(evidence)
    defects = [
        group_defect(
            group,
            f"{named(group.members)} show the same picture ({alignment(group)}){as_displayed(group, orientations)}",
            "Keep one of them, or keep all in the same part of every split",
        )
        for group in groups_of(pairs_of(evidence, Tier.RE_ENCODE, Tier.NEAR))
    ]
    return Checked(len(evidence.fingerprints), defects)
