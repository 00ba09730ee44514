"""Rows come in; a defect for every multi-valued answer with another separator or order than agreed goes out."""

from __future__ import annotations

from kvqa_audit.checks.base import Checked, Evidence, check
from kvqa_audit.checks.rows import RowCells, judged, shown
from kvqa_audit.model import Repair, Severity


@check(
    "KV010",
    Severity.WARNING,
    needs=("table", "column question", "column answer"),
    repair=Repair.ANSWER_ORDER,
    by_description=True,
)
def non_canonical_answer(evidence: Evidence) -> Checked:
    """A multi-valued answer has another separator or order than agreed.

    Why: 'pink; red' and 'red; pink' are one answer, and two classes for every program that compares texts.
    Fix: replace the answer by the suggested one: single answers sorted, joined with the question's separator.
    """

    def describe(cells: RowCells) -> tuple[str, str | None]:
        canonical = evidence.contract.reading(cells.row).canonical
        return f"{shown(cells.answer)} should be written {shown(canonical)}", canonical

    return judged(evidence, "non_canonical_answer", describe)
