"""Fingerprints come in; a defect for every image that a viewer shows otherwise than it is stored goes out."""

from __future__ import annotations

from kvqa_audit.checks.base import Checked, Defect, Evidence, check
from kvqa_audit.model import Severity

_WORDS = {
    2: "mirrored",
    3: "upside down",
    4: "mirrored and upside down",
    5: "mirrored and turned by a quarter",
    6: "turned by a quarter to the right",
    7: "mirrored and turned by a quarter",
    8: "turned by a quarter to the left",
}


@check("KV123", Severity.WARNING, needs=("images",), unit="images")
def turned_by_its_tag(evidence: Evidence) -> Checked:
    """An image is stored otherwise than it is shown.

    Why: its EXIF tag asks viewers to turn or mirror it. Whoever annotated saw it turned, most loaders for training do
    not turn it, and places, sides and directions in the answers are then wrong.
    Fix: turn the pixels as the tag says, and remove the tag.
    """
    judged = [image for image in evidence.fingerprints if image.orientation is not None]
    defects = [
        Defect(
            f"{image.path}: viewers show it {_WORDS[image.orientation]} "
            f"(EXIF orientation {image.orientation}); its pixels are stored otherwise",
            img_id=image.img_id,
            evidence={"path": image.path, "orientation": image.orientation},
            suggestion="Turn the pixels as the tag says, and remove the tag",
        )
        for image in judged
        if image.orientation in _WORDS
    ]
    return Checked(len(judged), defects)
