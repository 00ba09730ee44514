"""The rows and their splits come in; images whose rows are in several splits go out."""

from __future__ import annotations

from kvqa_audit.checks.base import Checked, Defect, Evidence, check
from kvqa_audit.checks.split_leaks import splits_by_image
from kvqa_audit.model import Severity


@check("KV409", Severity.ERROR, needs=("table", "splits", "column img_id"), unit="images with a split")
def split_leak_by_id(evidence: Evidence) -> Checked:
    """An image has rows in several splits.

    Why: a model that was trained on the picture is then tested on it, and its score is too good.
    Fix: move all rows of an image into one split.
    """
    splits = splits_by_image(evidence)
    return Checked(
        len(splits),
        [
            Defect(
                f"the rows of this image are in the splits {', '.join(names)}",
                img_id=img_id,
                evidence={"splits": list(names)},
                suggestion="Move all its rows into one split",
            )
            for img_id, names in splits.items()
            if len(names) > 1
        ],
    )
