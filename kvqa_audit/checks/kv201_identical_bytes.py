"""Verified pairs come in; a defect for every two images whose files are equal goes out."""

from __future__ import annotations

from kvqa_audit.checks.base import Checked, Evidence, check
from kvqa_audit.checks.pairs import pair_defect, pairs_of
from kvqa_audit.model import PairKind, Severity, Tier


@check("KV201", Severity.ERROR, needs=("duplicates",), unit="images", pair=PairKind.SAME_PICTURE)
def identical_bytes(evidence: Evidence) -> Checked:
    """Two image files are equal, byte by byte.

    Why: the picture is counted twice, and may stand in the training part and in the test part at once.
    Fix: keep one of the images, and move the other's rows to it where they add something.
    """
    defects = [
        pair_defect(pair, f"{pair.left} and {pair.right} are the same file", f"Keep {pair.left}, drop {pair.right}")
        for pair in pairs_of(evidence, Tier.IDENTICAL_BYTES)
    ]
    return Checked(len(evidence.fingerprints), defects)
