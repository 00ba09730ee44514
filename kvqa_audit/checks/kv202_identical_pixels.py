"""Verified pairs come in; a defect for every two images that differ as files and show equal pixels goes out."""

from __future__ import annotations

from kvqa_audit.checks.base import Checked, Evidence, check
from kvqa_audit.checks.pairs import pair_defect, pairs_of
from kvqa_audit.model import PairKind, Severity, Tier


@check("KV202", Severity.ERROR, needs=("duplicates",), unit="images", pair=PairKind.SAME_PICTURE)
def identical_pixels(evidence: Evidence) -> Checked:
    """Two images hold the same pixels in different files.

    Why: the picture is counted twice, although a comparison of the files does not show it.
    Fix: keep one of the images, and move the other's rows to it where they add something.
    """
    defects = [
        pair_defect(
            pair,
            f"{pair.left} and {pair.right} are different files with the same size and the same pixels",
            f"Keep {pair.left}, drop {pair.right}",
        )
        for pair in pairs_of(evidence, Tier.IDENTICAL_PIXELS)
    ]
    return Checked(len(evidence.fingerprints), defects)
