"""Rows come in; a defect for every answer that its question does not allow goes out."""

from __future__ import annotations

from functools import partial

from kvqa_audit.checks.base import Checked, Evidence, check
from kvqa_audit.checks.rows import RowCells, judged, remembered, shown
from kvqa_audit.contracts.readings import closest_answer
from kvqa_audit.model import Repair, Severity


@check("KV008", Severity.ERROR, needs=("table", "column question", "column answer"), repair=Repair.BY_HAND)
def answer_outside_vocabulary(evidence: Evidence) -> Checked:
    """An answer is not in the vocabulary of its question.

    Why: a class nobody described appears in training and evaluation, often a typo or the answer to another question.
    Fix: correct the answer to the suggested one, or add it to the question's vocabulary.
    """
    suggestion = remembered(partial(closest_answer, spec=evidence.spec))

    def describe(cells: RowCells) -> tuple[str, str | None]:
        reading = evidence.contract.reading(cells.row)
        outside = ", ".join(shown(atom) for atom in reading.outside[:10])
        return f"Row {cells.row}: {outside} is not an answer to this question", suggestion(reading)

    return judged(evidence, "answer_outside_vocabulary", describe)
