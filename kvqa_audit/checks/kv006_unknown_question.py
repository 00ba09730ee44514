"""Rows come in; a defect for every question that is not in the catalogue goes out."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from kvqa_audit.checks.base import Checked, Evidence, check
from kvqa_audit.checks.rows import RowCells, judged, remembered, shown
from kvqa_audit.contracts.readings import closest
from kvqa_audit.model import Severity
from kvqa_audit.spelling import is_near_miss


@check("KV006", Severity.ERROR, needs=("table", "column question"), by_description=True)
def unknown_question(evidence: Evidence) -> Checked:
    """A question is not in the catalogue.

    Why: its answers have no vocabulary and are judged by no other check. Of a catalogue that was inferred from the data
    only a near miss of another question is told: any other may be asked seldom, and be right.
    Fix: correct the question to the suggested one, or add it to the dataset description.
    """
    catalogue = [question.text for question in evidence.spec.questions]
    suggestion = remembered(partial(closest, allowed=catalogue))

    def describe(cells: RowCells) -> tuple[str, str | None]:
        return f"The question {shown(cells.question)} is not known", suggestion(cells.question)

    found = judged(evidence, "unknown_question", describe)
    if evidence.spec.made_by == "person":
        return found
    slips = {
        text: any(is_near_miss(text, known) for known in catalogue)
        for text in {d.question for d in found.defects}
        if text
    }
    return replace(found, defects=[defect for defect in found.defects if slips.get(defect.question or "")])
