"""A detector comes in; a defect for every row whose yes or no it contradicts, the surest first, goes out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kvqa_audit.checks.base import Checked, Defect, Evidence, Skipped
from kvqa_audit.spec.dataset_spec import BoundedCheck

if TYPE_CHECKING:
    from kvqa_audit.overlays.answer_agreement import ComparedRow
    from kvqa_audit.overlays.detection import Region

# A detector that contradicts so many pictures of one answer does not know such pictures, or a rule of the answers.
MAX_CONTRADICTED_SHARE = 0.25
MIN_IMAGES = 5


def contradicted(
    evidence: Evidence, code: BoundedCheck, detector: str, shown: str, suggestion: str
) -> Checked | Skipped:
    """Compares the answers with what the detector saw; `shown` says what a picture with it shows, in words.

    Whether the detector can be trusted with these pictures is measured on them: where it contradicts more than a
    quarter of those with one answer, nothing is claimed. A bound in the description, the least certainty from 0.5 to 1
    that is reported, says that it can.
    """
    from kvqa_audit.overlays.answer_agreement import compare, question_of

    meant = question_of(evidence.spec, detector)
    if meant is None:
        return Skipped(f"the description names no question for it (pixel_evidence: {detector})")

    def defect(one: ComparedRow) -> Defect:
        seen = f"the picture shows {shown}" if one.detection.is_seen else f"no {detector} was found in the picture"
        place = f" ({_where(one.detection.regions)})" if one.detection.is_seen and one.detection.regions else ""
        return Defect(
            f"answered {one.answer!r}, but {seen}{place}; the detector's certainty is {one.doubt:.2f}",
            img_id=one.img_id,
            question=one.question,
            answer=one.answer,
            row=one.row,
            score=round(one.doubt, 4),
            evidence={
                "detector": detector,
                "seen": one.detection.is_seen,
                "confidence": one.detection.confidence,
                "regions": [region.as_json() for region in one.detection.regions] if one.detection.is_seen else [],
            },
            suggestion=f"{suggestion}; the answer would be {(meant.no if one.says_yes else meant.yes)!r}",
        )

    rows = compare(evidence.table.frame, evidence.spec, evidence.overlays, detector)
    least = evidence.spec.bounds.get(code)
    if least is None and (reason := _why_not_trusted(rows, shown)):
        return Skipped(f"{reason}; look at some of them, and set bounds: {{{code}: 0.5}} if the pictures are right")
    wrong = sorted(
        (one for one in rows if not one.agrees and one.doubt >= (least or 0.0)), key=lambda one: (-one.doubt, one.row)
    )
    return Checked(len(rows), [defect(one) for one in wrong])


def _why_not_trusted(rows: Sequence[ComparedRow], shown: str) -> str:
    """What the detector says of too many pictures with one answer; "" where it agrees with most of each."""
    for says_yes in (True, False):
        images = {one.img_id: one for one in rows if one.says_yes == says_yes}.values()
        against = [one for one in images if not one.agrees]
        if len(images) >= MIN_IMAGES and len(against) > MAX_CONTRADICTED_SHARE * len(images):
            seen = "no" if says_yes else "what looks like"
            return (
                f"the detector finds {seen} {shown.removeprefix('a ')} in {len(against):,} of {len(images):,} pictures "
                f"answered {against[0].answer!r}, too many to tell which of the two is wrong"
            )
    return ""


def _where(regions: Sequence[Region]) -> str:
    """`lower left`, or `6 places, the first at the upper left`."""
    first = regions[0]
    across = ("left", "centre", "right")[min(2, int(3 * (first.x + first.width / 2)))]
    down = ("upper", "middle", "lower")[min(2, int(3 * (first.y + first.height / 2)))]
    place = f"{down} {across}"
    return place if len(regions) == 1 else f"{len(regions)} places, the first at the {place}"
