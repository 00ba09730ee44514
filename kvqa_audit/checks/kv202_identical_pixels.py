"""Verified pairs come in; a defect for every group of images that differ as files and hold equal pixels goes out."""

from __future__ import annotations

from kvqa_audit.checks.base import Checked, Evidence, check
from kvqa_audit.checks.pairs import as_displayed, group_defect, groups_of, keep_one, named, orientations_of, pairs_of
from kvqa_audit.model import PairKind, Severity, Tier


@check("KV202", Severity.ERROR, needs=("duplicates",), unit="images", pair=PairKind.SAME_PICTURE)
def identical_pixels(evidence: Evidence) -> Checked:
    """Images hold the same pixels in different files.

    Why: the picture is counted twice, although a comparison of the files does not show it.
    Fix: keep one of the images, and move the others' rows to it where they add something.
    """
    orientations = orientations_of(evidence)
    defects = [
        group_defect(
            group,
            f"{named(group.members)} are different files with the same size and the same pixels"
            f"{as_displayed(group, orientations)}",
            keep_one(group),
        )
        for group in groups_of(pairs_of(evidence, Tier.IDENTICAL_PIXELS))
    ]
    return Checked(len(evidence.fingerprints), defects)
