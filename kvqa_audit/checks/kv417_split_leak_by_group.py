"""The images with their splits and groups come in; groups whose images are in several splits go out."""

from __future__ import annotations

from collections import Counter

from kvqa_audit.checks.base import Checked, Defect, Evidence, check
from kvqa_audit.checks.pairs import MAX_IN_EVIDENCE
from kvqa_audit.checks.split_leaks import splits_by_image
from kvqa_audit.model import Severity


@check(
    "KV417",
    Severity.ERROR,
    needs=("splits", "groups", "column img_id"),
    unit="groups of images with a split",
    by_description=True,
)
def split_leak_by_group(evidence: Evidence) -> Checked:
    """Images of one group (a patient, an examination, a video) are in different splits.

    Why: a model that was trained on other pictures of the same case is then tested on it, and its score is too good.
    Fix: put all images of a group into one split; the audit proposes such splits.
    """
    splits = splits_by_image(evidence)
    judged = {
        group: kept
        for group, images in evidence.groups.members().items()
        if (kept := tuple(image for image in images if image in splits))
    }
    return Checked(
        len(judged),
        [
            _defect(evidence.groups.called(group), group, images, counted)
            for group, images in judged.items()
            if len(counted := Counter(split for image in images for split in splits[image])) > 1
        ],
    )


def _defect(called: str, group: str, images: tuple[str, ...], counted: Counter[str]) -> Defect:
    told = ", ".join(f"{count:,} in {split}" for split, count in sorted(counted.items()))
    return Defect(
        f"the {len(images):,} images of {called} are in several splits: {told}",
        related=images,
        evidence={"group": group, "images": dict(sorted(counted.items())), "members": list(images[:MAX_IN_EVIDENCE])},
        suggestion="Move all its images into one split",
    )
