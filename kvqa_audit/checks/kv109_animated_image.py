"""Fingerprints come in; a defect for every image with more than one frame goes out."""

from __future__ import annotations

from kvqa_audit.checks.base import Checked, Defect, Evidence, check
from kvqa_audit.model import Severity


@check("KV109", Severity.WARNING, needs=("images",), unit="images")
def animated_image(evidence: Evidence) -> Checked:
    """An image has several frames.

    Why: most loaders take the first frame and some take all, and the answers may be about another one.

    Fix: store the frame the answers are about as a single image.
    """
    judged = [image for image in evidence.fingerprints if image.frames is not None]
    defects = [
        Defect(
            f"{image.path}: has {image.frames} frames, one is expected",
            img_id=image.img_id,
            evidence={"path": image.path, "frames": image.frames},
            suggestion="Store the frame the answers are about",
        )
        for image in judged
        if (image.frames or 1) > 1
    ]
    return Checked(len(judged), defects)
