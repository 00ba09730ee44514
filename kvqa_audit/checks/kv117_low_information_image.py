"""Fingerprints come in; a defect for every image that is nearly one colour goes out."""

from __future__ import annotations

from kvqa_audit.checks.base import Checked, Evidence, check
from kvqa_audit.checks.image_defects import outside, sound
from kvqa_audit.images.quality import FLAT_BELOW_ENTROPY_BITS
from kvqa_audit.model import Severity


@check("KV117", Severity.WARNING, needs=("images",), unit="images")
def low_information_image(evidence: Evidence) -> Checked:
    """An image is nearly one colour.

    Why: there is nothing to ask about, and all such images look like duplicates of each other.

    Fix: look at it, and drop it.
    """
    return outside(
        evidence,
        "KV117",
        sound(evidence.fingerprints),
        "entropy_bits",
        below=FLAT_BELOW_ENTROPY_BITS,
        what="is nearly one colour",
        suggestion="Look at it, and drop it",
    )
