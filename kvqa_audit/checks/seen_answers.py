"""A detector comes in; a defect for every row whose yes or no it contradicts, the surest first, goes out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kvqa_audit.checks.base import Checked, Defect, Evidence, Skipped

if TYPE_CHECKING:
    from kvqa_audit.overlays.detection import Region


def contradicted(evidence: Evidence, detector: str, shown: str, suggestion: str) -> Checked | Skipped:
    """Compares the answers with what the detector saw; `shown` says what a picture with it shows, in words."""
    from kvqa_audit.overlays.answer_agreement import ComparedRow, compare, question_of

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
    wrong = sorted((one for one in rows if not one.agrees), key=lambda one: (-one.doubt, one.row))
    return Checked(len(rows), [defect(one) for one in wrong])


def _where(regions: Sequence[Region]) -> str:
    """`lower left`, or `6 places, the first at the upper left`."""
    first = regions[0]
    across = ("left", "centre", "right")[min(2, int(3 * (first.x + first.width / 2)))]
    down = ("upper", "middle", "lower")[min(2, int(3 * (first.y + first.height / 2)))]
    place = f"{down} {across}"
    return place if len(regions) == 1 else f"{len(regions)} places, the first at the {place}"
