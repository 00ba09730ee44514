"""Fingerprints and a limit come in; a defect for every image with a problem, or beyond the limit, goes out."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from kvqa_audit.checks.base import Checked, Defect, Evidence
from kvqa_audit.checks.pairs import sources_by_image
from kvqa_audit.checks.usual_values import UsualValues
from kvqa_audit.model import ImageFingerprint
from kvqa_audit.spec.dataset_spec import BoundedCheck


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
    evidence: Evidence,
    code: BoundedCheck,
    images: Iterable[ImageFingerprint],
    metric: str,
    *,
    below: float | None = None,
    above: float | None = None,
    what: str,
    suggestion: str,
) -> Checked:
    """A defect for every image whose metric is beyond the limit and unusual here; measured is the most extreme value.

    What is unusual is judged among the pictures of the same source where there are enough of them, otherwise among all.
    Where the description sets a bound for the check that bound alone counts.
    """
    values = [(float(getattr(image, metric)), image) for image in images if getattr(image, metric) is not None]
    limit, sign = (below, 1.0) if below is not None else (above, -1.0)
    if limit is None:
        raise ValueError("a limit is needed")
    described = evidence.spec.bounds.get(code)
    limit = limit if described is None else described
    usual = None if described is not None else _usual_values(evidence, values, sign)
    relation = "below" if sign > 0 else "above"
    defects = [
        Defect(
            f"{image.path}: {what}; {metric} {value:g} is {relation} {limit:g}{_beside(usual, image)}",
            img_id=image.img_id,
            score=sign * (limit - value),
            evidence={"path": image.path, metric: value, "threshold": limit} | _facts(usual, image),
            suggestion=suggestion,
        )
        for value, image in values
        if sign * value < sign * limit and (usual is None or usual.is_unusual(image.img_id, value))
    ]
    measured = min((sign * value for value, _ in values), default=None)
    return Checked(len(values), defects, None if measured is None else sign * measured, limit)


def _usual_values(evidence: Evidence, values: Iterable[tuple[float, ImageFingerprint]], sign: float) -> UsualValues:
    sources = {} if "column source" in evidence.absent else sources_by_image(evidence)
    measured = {image.img_id: value for value, image in values}
    return UsualValues.of(measured, sources, "low" if sign > 0 else "high")


def _beside(usual: UsualValues | None, image: ImageFingerprint) -> str:
    """What is usual where the image stands, in words for a message."""
    peers = None if usual is None else usual.peers(image.img_id)
    if peers is None:
        return ""
    return f", where {peers.median:.3g} is usual ({peers.images:,} images{' of its source' if peers.of_source else ''})"


def _facts(usual: UsualValues | None, image: ImageFingerprint) -> dict[str, float]:
    peers = None if usual is None else usual.peers(image.img_id)
    return {} if peers is None else {"median": round(peers.median, 4), "images": peers.images}
