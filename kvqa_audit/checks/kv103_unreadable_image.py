"""Fingerprints come in; a defect for every image whose bytes cannot be read or decoded goes out."""

from __future__ import annotations

from kvqa_audit.checks.base import Checked, Evidence, check
from kvqa_audit.checks.image_defects import with_problem
from kvqa_audit.model import Severity


@check("KV103", Severity.ERROR, needs=("images",), unit="images")
def unreadable_image(evidence: Evidence) -> Checked:
    """An image cannot be read.

    Why: the rows that name it cannot be used, and loaders either stop at it or skip it silently.

    Fix: fetch the file again from where it came from, check its permissions, or drop its rows.
    """
    return with_problem(
        evidence, ("unreadable", "not_readable", "missing"), "cannot be read", "Fetch the file again, or drop its rows"
    )
