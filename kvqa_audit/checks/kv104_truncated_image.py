"""Fingerprints come in; a defect for every image whose end is missing goes out."""

from __future__ import annotations

from kvqa_audit.checks.base import Checked, Evidence, check
from kvqa_audit.checks.image_defects import with_problem
from kvqa_audit.model import Severity


@check("KV104", Severity.ERROR, needs=("images",), unit="images")
def truncated_image(evidence: Evidence) -> Checked:
    """An image is cut off.

    Why: part of the picture is missing; some loaders fill the rest with grey and go on.

    Fix: fetch the file again; a copy or a download was interrupted.
    """
    return with_problem(evidence, ("truncated",), "is cut off", "Fetch the file again")
