"""Fingerprints and a limit come in; a defect for every image with a problem, or beyond the limit, goes out."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from kvqa_audit.checks.base import Checked, Defect, Evidence
from kvqa_audit.model import ImageFingerprint


def with_problem(evidence: Evidence, problems: Collection[str], what: str, suggestion: str) -> Checked:
    """A defect for every image whose problem is one of these; `what` says it in words."""
    defects = [
        Defect(
            f"{image.path}: {what}" + (f" ({image.detail})" if image.detail else ""),
            img_id=image.img_id,
            evidence={"path": image.path, "problem": image.problem, "size_bytes": image.size_bytes},
            suggestion=suggestion,
        )
        for image in evidence.fingerprints
        if image.problem in problems
    ]
    return Checked(len(evidence.fingerprints), defects)


def sound(images: Iterable[ImageFingerprint]) -> list[ImageFingerprint]:
    """The images that could be decoded, and so have a size and quality metrics."""
    return [image for image in images if image.problem is None and image.width and image.height]


def outside(
    images: Iterable[ImageFingerprint],
    metric: str,
    *,
    below: float | None = None,
    above: float | None = None,
    what: str,
    suggestion: str,
) -> Checked:
    """A defect for every image whose metric is below or above the limit; measured is the most extreme value."""
    values = [(float(getattr(image, metric)), image) for image in images if getattr(image, metric) is not None]
    limit = below if below is not None else above
    if limit is None:
        raise ValueError("a limit is needed")
    sign = 1.0 if below is not None else -1.0
    relation = "below" if below is not None else "above"
    defects = [
        Defect(
            f"{image.path}: {what}; {metric} {value:g} is {relation} {limit:g}",
            img_id=image.img_id,
            score=sign * (limit - value),
            evidence={"path": image.path, metric: value, "threshold": limit},
            suggestion=suggestion,
        )
        for value, image in values
        if sign * value < sign * limit
    ]
    measured = min((sign * value for value, _ in values), default=None)
    return Checked(len(values), defects, None if measured is None else sign * measured, limit)
