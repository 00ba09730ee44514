"""Fingerprints come in; a defect for every image that is stored in another format than its name says goes out."""

from __future__ import annotations

from pathlib import PurePath

from kvqa_audit.checks.base import Checked, Defect, Evidence, check
from kvqa_audit.model import Severity

_FORMATS = {
    ".jpg": ("JPEG", "MPO"),
    ".jpeg": ("JPEG", "MPO"),
    ".jpe": ("JPEG", "MPO"),
    ".jfif": ("JPEG", "MPO"),
    ".png": ("PNG",),
    ".gif": ("GIF",),
    ".webp": ("WEBP",),
    ".bmp": ("BMP",),
    ".tif": ("TIFF",),
    ".tiff": ("TIFF",),
}


@check("KV107", Severity.WARNING, needs=("images",), unit="images")
def format_mismatch(evidence: Evidence) -> Checked:
    """An image is stored in another format than its name says.

    Why: loaders that trust the ending fail on it, and a lossless picture among lossy ones can be told apart by a model.

    Fix: give the file the ending of its format, or store it in the format of the others.
    """
    named = [(image, PurePath(image.path).suffix.lower()) for image in evidence.fingerprints if image.format]
    judged = [(image, ending) for image, ending in named if ending in _FORMATS]
    defects = [
        Defect(
            f"{image.path}: is stored as {image.format}, its ending {ending} says {_FORMATS[ending][0]}",
            img_id=image.img_id,
            evidence={"path": image.path, "format": image.format, "ending": ending},
            suggestion=f"Store it as {_FORMATS[ending][0]}, or rename it",
        )
        for image, ending in judged
        if image.format not in _FORMATS[ending]
    ]
    return Checked(len(judged), defects)
