"""Rows come in; a defect for every answer in a known misspelling goes out."""

from __future__ import annotations

from kvqa_audit.checks.base import Checked, Evidence, check
from kvqa_audit.checks.rows import RowCells, judged, shown
from kvqa_audit.model import Repair, Severity


@check(
    "KV009",
    Severity.WARNING,
    needs=("table", "column question", "column answer"),
    repair=Repair.ANSWER_SPELLING,
    by_description=True,
)
def misspelt_answer(evidence: Evidence) -> Checked:
    """An answer stands in a known misspelling.

    Why: 'lower-rigth' and 'lower-right' are two classes for every program that reads the table.
    Fix: replace the answer by the suggested one.
    """

    def describe(cells: RowCells) -> tuple[str, str | None]:
        reading = evidence.contract.reading(cells.row)
        wrong = ", ".join(f"{shown(wrong)} instead of {shown(right)}" for wrong, right in reading.misspelt)
        return wrong, reading.canonical

    return judged(evidence, "misspelt_answer", describe)
