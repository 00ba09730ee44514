"""Rows come in; a defect for every row that says again what an earlier one said goes out."""

from __future__ import annotations

from kvqa_audit.checks.base import Checked, Evidence, check
from kvqa_audit.checks.rows import cells_of, row_defect
from kvqa_audit.model import Repair, Severity


@check(
    "KV011",
    Severity.ERROR,
    needs=("table", "column question", "column answer", "column img_id"),
    repair=Repair.REPEATED_ROW,
)
def repeated_row(evidence: Evidence) -> Checked:
    """The same row stands in the table twice.

    Why: the repeated answer weighs double in training and in every share that is reported.
    Fix: drop the later row. Questions that take one row per item (one per object) are not meant here.
    """
    contract = evidence.contract
    defects = []
    for cells in cells_of(evidence, contract.rows("repeated_row")):
        first = int(contract.first_row[cells.row])
        message = f"Row {cells.row} repeats row {first}: the same image, question and answer"
        defects.append(row_defect(cells, message, "Drop this row", {"first_row": first}))
    return Checked(len(evidence.table.frame), defects)
