"""Verified pairs come in; a defect for every group of images whose files are equal goes out."""

from __future__ import annotations

from kvqa_audit.checks.base import Checked, Evidence, check
from kvqa_audit.checks.pairs import group_defect, groups_of, keep_one, named, pairs_of
from kvqa_audit.model import PairKind, Severity, Tier


@check("KV201", Severity.ERROR, needs=("duplicates",), unit="images", pair=PairKind.SAME_PICTURE)
def identical_bytes(evidence: Evidence) -> Checked:
    """Image files are equal, byte by byte.

    Why: the picture is counted twice, and may stand in the training part and in the test part at once.
    Fix: keep one of the images, and move the others' rows to it where they add something.
    """
    defects = [
        group_defect(group, f"{named(group.members)} are the same file", keep_one(group))
        for group in groups_of(pairs_of(evidence, Tier.IDENTICAL_BYTES))
    ]
    return Checked(len(evidence.fingerprints), defects)
