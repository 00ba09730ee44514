"""Rows come in; a defect for every answer that its question does not allow goes out."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from kvqa_audit.checks.base import Checked, Defect, Evidence, check
from kvqa_audit.checks.rows import RowCells, judged, remembered, shown
from kvqa_audit.contracts.readings import closest_answer
from kvqa_audit.model import Repair, Severity
from kvqa_audit.spelling import is_near_miss


@check(
    "KV008",
    Severity.ERROR,
    needs=("table", "column question", "column answer"),
    repair=Repair.BY_HAND,
    by_description=True,
)
def answer_outside_vocabulary(evidence: Evidence) -> Checked:
    """An answer is not in the vocabulary of its question.

    Why: a class nobody described appears in training and evaluation, often a typo or the answer to another question.
    Where the vocabulary was inferred from the data, a rare answer is only a hint, unless it is a near miss of another.
    Fix: correct the answer to the suggested one, or add it to the question's vocabulary.
    """
    suggestion = remembered(partial(closest_answer, spec=evidence.spec))

    def describe(cells: RowCells) -> tuple[str, str | None]:
        reading = evidence.contract.reading(cells.row)
        outside = ", ".join(shown(atom) for atom in reading.outside[:10])
        return f"{outside} is not an answer to this question", suggestion(reading)

    found = judged(evidence, "answer_outside_vocabulary", describe)
    if evidence.spec.made_by == "person":
        return found
    return replace(found, defects=[_of_an_inferred_vocabulary(defect, evidence) for defect in found.defects])


def _of_an_inferred_vocabulary(defect: Defect, evidence: Evidence) -> Defect:
    """A rare answer is a hint; an error only where it is a slip of the hand for one that is given often."""
    reading = evidence.contract.reading(defect.row or 0)
    vocabulary = evidence.spec.vocabulary_of(evidence.spec.question_by_name[reading.question or ""])
    known = vocabulary.answers if vocabulary is not None else []
    slips = all(any(is_near_miss(atom, answer) for answer in known) for atom in reading.outside)
    if slips and known:
        return defect
    return replace(defect, severity=Severity.INFO, suggestion=None)
