"""Rows come in; a defect for every question in a known misspelling goes out."""

from __future__ import annotations

from kvqa_audit.checks.base import Checked, Evidence, check
from kvqa_audit.checks.rows import RowCells, judged, shown
from kvqa_audit.model import Repair, Severity


@check(
    "KV007", Severity.WARNING, needs=("table", "column question"), repair=Repair.QUESTION_SPELLING, by_description=True
)
def misspelt_question(evidence: Evidence) -> Checked:
    """A question stands in a known misspelling.

    Why: a model learns the misspelling, and two spellings of one question split its rows.
    Fix: replace the question by the suggested text.
    """

    def describe(cells: RowCells) -> tuple[str, str | None]:
        message = f"The question is misspelt: {shown(cells.question)}"
        return message, evidence.spec.question_by_text[cells.question.strip()].text

    return judged(evidence, "misspelt_question", describe)
