"""Verified pairs come in; a defect for every two images of which one is an altered copy of the other goes out."""

from __future__ import annotations

from kvqa_audit.checks.base import Checked, Evidence, check
from kvqa_audit.checks.pairs import alignment, pair_defect, pairs_of
from kvqa_audit.model import PairKind, Severity, Tier


@check("KV204", Severity.WARNING, needs=("duplicates",), unit="images", pair=PairKind.SAME_PICTURE)
def near_duplicates(evidence: Evidence) -> Checked:
    """Two images show the same picture, re-encoded or altered.

    Why: the picture is counted twice, and a split that separates the two leaks.
    Fix: keep one of the images, or keep both in the same part of every split.
    """
    defects = [
        pair_defect(
            pair,
            f"{pair.left} and {pair.right} show the same picture ({alignment(pair)})",
            "Keep one of the two, or keep both in the same part of every split",
        )
        for pair in pairs_of(evidence, Tier.RE_ENCODE, Tier.NEAR)
    ]
    return Checked(len(evidence.fingerprints), defects)
