"""Fingerprints come in; a defect for every image that is dark goes out."""

from __future__ import annotations

from kvqa_audit.checks.base import Checked, Evidence, check
from kvqa_audit.checks.image_defects import outside, sound
from kvqa_audit.images.quality import DARK_BELOW_BRIGHTNESS
from kvqa_audit.model import Severity


@check("KV114", Severity.WARNING, needs=("images",), unit="images")
def dark_image(evidence: Evidence) -> Checked:
    """An image is very dark.

    Why: hardly anything can be seen, so the answers about it cannot be checked.

    Fix: look at it, and drop it if nothing can be told.
    """
    return outside(
        evidence,
        "KV114",
        sound(evidence.fingerprints),
        "brightness",
        below=DARK_BELOW_BRIGHTNESS,
        what="is very dark",
        suggestion="Look at it; drop it if nothing can be told",
    )
