"""Fingerprints come in; a defect for every image that is burnt out in a large part goes out."""

from __future__ import annotations

from kvqa_audit.checks.base import Checked, Evidence, check
from kvqa_audit.checks.image_defects import outside, sound
from kvqa_audit.images.quality import BRIGHT_ABOVE_SHARE
from kvqa_audit.model import Severity


@check("KV115", Severity.WARNING, needs=("images",), unit="images")
def bright_image(evidence: Evidence) -> Checked:
    """An image is burnt out.

    Why: a good part of the picture is white and shows nothing.

    Fix: look at it, and drop it if what is asked about cannot be seen.
    """
    return outside(
        evidence,
        "KV115",
        sound(evidence.fingerprints),
        "bright_share",
        above=BRIGHT_ABOVE_SHARE,
        what="is burnt out in a large part",
        suggestion="Look at it; drop it if what is asked about cannot be seen",
    )
