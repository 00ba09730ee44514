"""Fingerprints come in; a defect for every image file without a byte goes out."""

from __future__ import annotations

from kvqa_audit.checks.base import Checked, Evidence, check
from kvqa_audit.checks.image_defects import with_problem
from kvqa_audit.model import Severity


@check("KV105", Severity.ERROR, needs=("images",), unit="images")
def empty_image(evidence: Evidence) -> Checked:
    """An image file is empty.

    Why: there is no picture; a copy failed, or the disk was full.

    Fix: fetch the file again, or drop its rows.
    """
    return with_problem(evidence, ("empty",), "has no bytes", "Fetch the file again, or drop its rows")
