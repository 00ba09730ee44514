"""Fingerprints come in; a defect for every image that is neither 8-bit RGB nor 8-bit grey goes out."""

from __future__ import annotations

from kvqa_audit.checks.base import Checked, Defect, Evidence, check
from kvqa_audit.model import Severity

_USUAL = ("RGB", "L")
_WORDS = {
    "CMYK": "four printing inks",
    "P": "a palette",
    "PA": "a palette with transparency",
    "RGBA": "transparency",
    "LA": "transparency",
    "1": "black and white only",
}


@check("KV108", Severity.WARNING, needs=("images",), unit="images")
def unusual_mode(evidence: Evidence) -> Checked:
    """An image is not plain 8-bit RGB or grey.

    Why: loaders turn inks, palettes, transparency and 16 bits into RGB each in its own way, so that the same file gives
    different pixels.

    Fix: convert it to 8-bit RGB once, and store that.
    """
    judged = [image for image in evidence.fingerprints if image.mode]
    defects = [
        Defect(
            f"{image.path}: its mode is {image.mode} ({_words(image.mode or '')}), not one of {', '.join(_USUAL)}",
            img_id=image.img_id,
            evidence={"path": image.path, "mode": image.mode},
            suggestion="Convert it to 8-bit RGB",
        )
        for image in judged
        if image.mode not in _USUAL
    ]
    return Checked(len(judged), defects)


def _words(mode: str) -> str:
    if ";16" in mode or mode in ("I", "F"):
        return "more than 8 bits a channel"
    return _WORDS.get(mode, "unusual")
