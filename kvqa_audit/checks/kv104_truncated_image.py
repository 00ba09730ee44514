"""Fingerprints come in; a defect for every image whose end is missing, or that is damaged inside, goes out."""

from __future__ import annotations

from kvqa_audit.checks.base import Checked, Evidence, check
from kvqa_audit.checks.image_defects import with_problem
from kvqa_audit.model import Severity


@check("KV104", Severity.ERROR, needs=("images",), unit="images")
def truncated_image(evidence: Evidence) -> Checked:
    """An image is cut off, or damaged inside.

    Why: part of the picture is missing; most loaders fill the rest with grey and go on. In a file that ends properly
    this is seen of a JPEG that is not progressive, as data that ends early or as a run of zeros; a few wrong bytes are
    not seen.

    Fix: fetch the file again; a copy or a download was interrupted.
    """
    return with_problem(evidence, ("truncated", "damaged"), "is cut off or damaged", "Fetch the file again")
