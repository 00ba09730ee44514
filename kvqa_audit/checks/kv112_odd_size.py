"""Fingerprints come in; a defect for every image that is tiny or far from the dataset's sizes goes out."""

from __future__ import annotations

from statistics import median

from kvqa_audit.checks.base import Checked, Defect, Evidence, check
from kvqa_audit.checks.image_defects import sound
from kvqa_audit.checks.usual_values import beyond_both
from kvqa_audit.model import Severity

MIN_SIDE_PX = 64
MAX_AREA_FACTOR = 16.0


@check("KV112", Severity.WARNING, needs=("images",), unit="images")
def odd_size(evidence: Evidence) -> Checked:
    """An image is tiny, or far larger or smaller than the others.

    Why: it is often a thumbnail, an icon or a scan that got in by mistake, and scaled it looks unlike the others.

    Fix: look at it, and replace it with the original picture or drop it.
    """
    images = [(image, image.width or 0, image.height or 0) for image in sound(evidence.fingerprints)]
    if not images:
        return Checked(0)
    middle = float(median(width * height for _, width, height in images))
    limit = evidence.spec.bounds.get("KV112", MAX_AREA_FACTOR)
    areas = {image.img_id: float(width * height) for image, width, height in images}
    unusual = areas.keys() if "KV112" in evidence.spec.bounds else beyond_both(areas)
    defects, farthest = [], 1.0
    for image, width, height in images:
        factor = max(width * height / middle, middle / (width * height))
        farthest = max(farthest, factor)
        if (factor > limit and image.img_id in unusual) or min(width, height) < MIN_SIDE_PX:
            message = (
                f"{image.path}: {width}x{height} px, an area {factor:.1f} times off the median (limit "
                f"{limit:g}); the shorter side has to have {MIN_SIDE_PX} px"
            )
            evidence_of_it = {"path": image.path, "width": width, "height": height, "area_factor": round(factor, 2)}
            defects.append(
                Defect(message, img_id=image.img_id, score=factor, evidence=evidence_of_it, suggestion="Look at it")
            )
    return Checked(len(images), defects, farthest, limit)
