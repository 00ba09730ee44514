"""Answers about a box artefact and the boxes that were seen come in; a defect for every contradiction goes out."""

from __future__ import annotations

from kvqa_audit.checks.base import Checked, Evidence, Skipped, check
from kvqa_audit.checks.seen_answers import contradicted
from kvqa_audit.model import Severity


@check("KV360", Severity.WARNING, needs=("table", "column question", "column answer", "column img_id", "overlays"))
def box_answer_against_picture(evidence: Evidence) -> Checked | Skipped:
    """The answer about a box in a corner contradicts the picture.

    Why: a box hides a part of the picture, and whoever leaves such pictures out relies on the answer. A box is looked
    for in the two lower corners: a green rectangle, or a black one with two lit edges that meet at a right angle. The
    corners that a round or cut-off picture leaves black are no boxes.

    Fix: look at the outlined corner, the surest case first, and correct the answer where the picture is right.
    """
    return contradicted(evidence, "KV360", "box", "a box", "Look at the lower corners")
