"""Verified pairs come in; a defect for every group of images that show one scene and are no copies."""

from __future__ import annotations

from kvqa_audit.checks.base import Checked, Evidence, check
from kvqa_audit.checks.pairs import alignment, group_defect, groups_of, named, pairs_of
from kvqa_audit.model import PairKind, Severity, Tier


@check("KV206", Severity.INFO, needs=("duplicates",), unit="images", pair=PairKind.SAME_PICTURE)
def near_frames(evidence: Evidence) -> Checked:
    """Images show the same scene, as pictures taken one after the other do.

    Why: they are not copies, but a split that separates them overstates what a model has learnt.
    Fix: keep all in the same part of every split.
    """
    defects = [
        group_defect(
            group,
            f"{named(group.members)} show the same scene ({alignment(group)})",
            "Keep all in the same part of every split",
        )
        for group in groups_of(pairs_of(evidence, Tier.NEAR_FRAME))
    ]
    return Checked(len(evidence.fingerprints), defects)
