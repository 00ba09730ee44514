"""Fingerprints come in; a defect for every image much wider or taller than the dataset's images goes out."""

from __future__ import annotations

from statistics import median

from kvqa_audit.checks.base import Checked, Defect, Evidence, check
from kvqa_audit.checks.image_defects import sound
from kvqa_audit.checks.usual_values import beyond_both
from kvqa_audit.model import Severity

MAX_ASPECT_FACTOR = 2.0


@check("KV113", Severity.WARNING, needs=("images",), unit="images")
def odd_aspect(evidence: Evidence) -> Checked:
    """An image is much wider or taller than the others.

    Why: it is often a strip, a screenshot or a montage, and squaring it distorts what is seen.

    Fix: look at it, and replace it with the original picture or drop it.
    """
    images = [(image, (image.width or 1) / (image.height or 1)) for image in sound(evidence.fingerprints)]
    if not images:
        return Checked(0)
    middle = median(aspect for _, aspect in images)
    limit = evidence.spec.bounds.get("KV113", MAX_ASPECT_FACTOR)
    aspects = {image.img_id: aspect for image, aspect in images}
    unusual = aspects.keys() if "KV113" in evidence.spec.bounds else beyond_both(aspects)
    defects, farthest = [], 1.0
    for image, aspect in images:
        factor = max(aspect / middle, middle / aspect)
        farthest = max(farthest, factor)
        if factor > limit and image.img_id in unusual:
            message = (
                f"{image.path}: {image.width}x{image.height} px, width over height is {aspect:.2f}, {factor:.1f} times "
                f"off the median {middle:.2f} (limit {limit:g})"
            )
            evidence_of_it = {"path": image.path, "aspect": round(aspect, 3), "median_aspect": round(middle, 3)}
            defects.append(
                Defect(message, img_id=image.img_id, score=factor, evidence=evidence_of_it, suggestion="Look at it")
            )
    return Checked(len(images), defects, farthest, limit)
