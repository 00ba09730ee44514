"""The groups of images with equal answers come in; a defect for each, with its images and answers, goes out."""

from __future__ import annotations

from kvqa_audit.checks.base import Checked, Defect, Evidence, check
from kvqa_audit.model import Severity


@check(
    "KV408",
    Severity.INFO,
    needs=("table", "column source", "column question", "column answer", "column img_id"),
    unit="images with answers",
)
def stereotyped_answers(evidence: Evidence) -> Checked:
    """Many images of one source share all their answers.

    Why: pictures differ, so ten or more with exactly the same answers were perhaps answered by habit, not by looking.
    Fix: look at some of them; where the answers hardly describe the picture, answer them anew.
    """
    cells = evidence.study.cells
    groups = evidence.study.stereotypes
    return Checked(
        len(set(cells.image.tolist())) if cells is not None else 0,
        [
            Defect(
                f"{len(group.img_ids):,} images of {group.source} ({group.share:.1%}) share all "
                f"{len(group.answers)} answers",
                score=group.share,
                related=group.img_ids,
                evidence={"source": group.source, "answers": dict(group.answers)},
            )
            for group in groups
        ],
    )
