"""Fingerprints come in; a defect for every image without fine detail goes out."""

from __future__ import annotations

from kvqa_audit.checks.base import Checked, Evidence, check
from kvqa_audit.checks.image_defects import outside, sound
from kvqa_audit.images.quality import BLURRY_BELOW_SHARPNESS, FLAT_BELOW_ENTROPY_BITS
from kvqa_audit.model import Severity


@check("KV116", Severity.WARNING, needs=("images",), unit="images")
def blurry_image(evidence: Evidence) -> Checked:
    """An image is out of focus.

    Why: colours and coarse shapes remain, but surface and edges, which many answers hang on, are gone. It is measured
    on the reduced picture, so only strong blur is reported.

    Fix: look at it, and take a sharper picture of the same instead.
    """
    # A flat picture has nothing to be sharp; that is another check's matter.
    images = sound(evidence.fingerprints)
    judged = [image for image in images if (image.entropy_bits or 0.0) >= FLAT_BELOW_ENTROPY_BITS]
    return outside(
        evidence,
        "KV116",
        judged,
        "sharpness",
        below=BLURRY_BELOW_SHARPNESS,
        what="has no fine detail",
        suggestion="Look at it; take a sharper picture of the same",
    )
