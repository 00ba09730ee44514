"""Verified pairs come in; a defect for every two images that show one scene and are no copies."""

from __future__ import annotations

from kvqa_audit.checks.base import Checked, Evidence, check
from kvqa_audit.checks.pairs import alignment, pair_defect, pairs_of
from kvqa_audit.model import PairKind, Severity, Tier


@check("KV206", Severity.INFO, needs=("duplicates",), unit="images", pair=PairKind.SAME_PICTURE)
def near_frames(evidence: Evidence) -> Checked:
    """Two images show the same scene, as pictures taken one after the other do.

    Why: they are not copies, but a split that separates them overstates what a model has learnt.
    Fix: keep both in the same part of every split.
    """
    defects = [
        pair_defect(
            pair,
            f"{pair.left} and {pair.right} show the same scene ({alignment(pair)})",
            "Keep both in the same part of every split",
        )
        for pair in pairs_of(evidence, Tier.NEAR_FRAME)
    ]
    return Checked(len(evidence.fingerprints), defects)
