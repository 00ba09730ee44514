"""The associations of pictures with sources come in; properties that give the source away go out."""

from __future__ import annotations

from kvqa_audit.checks.base import Checked, Defect, Evidence, check
from kvqa_audit.model import Severity

MIN_CRAMERS_V = 0.5


@check(
    "KV407",
    Severity.WARNING,
    needs=("images", "table", "column source", "column img_id"),
    unit="properties of pictures",
)
def shortcut_from_image_size(evidence: Evidence) -> Checked:
    """The size or quality of a picture gives its source away.

    Why: it is the cheapest shortcut of all: no look inside the picture, and the source with its usual answers is known.
    Fix: bring all pictures to one size and quality before training, and quote scores per source.
    """
    judged = [found for found in evidence.study.associations if found.about == "image" and found.low is not None]
    return Checked(
        len(judged),
        [
            Defect(
                f"{found.name} goes with the source ({found.cramers_v:.2f}, where 1 is complete; {found.low:.2f} to "
                f"{found.high:.2f} with 95 % confidence); it alone names the source of {found.source_accuracy:.0%} of "
                f"the images, always naming the largest is right for {found.largest_source:.0%}",
                score=found.cramers_v,
                related=(found.name,),
                evidence={
                    "images": found.images,
                    "levels": found.levels,
                    "sources": found.sources,
                    "cramers_v": found.cramers_v,
                    "low": found.low,
                    "high": found.high,
                    "source_accuracy": found.source_accuracy,
                    "largest_source": found.largest_source,
                },
            )
            for found in judged
            if (found.low or 0.0) >= MIN_CRAMERS_V
        ],
        max((found.cramers_v or 0.0 for found in judged), default=None),
        MIN_CRAMERS_V if judged else None,
    )
