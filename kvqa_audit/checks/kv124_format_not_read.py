"""Fingerprints come in; a defect for every picture in a format that is not read here goes out."""

from __future__ import annotations

from kvqa_audit.checks.base import Checked, Evidence, check
from kvqa_audit.checks.image_defects import with_problem
from kvqa_audit.model import Severity


@check("KV124", Severity.ERROR, needs=("images",), unit="images")
def format_not_read(evidence: Evidence) -> Checked:
    """An image is in a format that is not read here.

    Why: nothing was judged about it, and many loaders cannot read it either.
    Fix: store it as PNG or JPEG; of a video, store the frames the answers are about.
    """
    return with_problem(
        evidence, ("format_not_read",), "is in a format that is not read here", "Store it as PNG or JPEG"
    )
