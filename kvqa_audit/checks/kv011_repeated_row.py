"""Rows come in; a defect for every row that says again what an earlier one said goes out."""

from __future__ import annotations

import numpy as np

from kvqa_audit.checks.base import Checked, Evidence, check
from kvqa_audit.checks.rows import cells_of, row_defect
from kvqa_audit.model import Repair, Severity
from kvqa_audit.spelling import folded


@check(
    "KV011",
    Severity.ERROR,
    needs=("table", "column question", "column answer", "column img_id"),
    repair=Repair.REPEATED_ROW,
)
def repeated_row(evidence: Evidence) -> Checked:
    """The same row stands in the table twice.

    Why: the repeated answer weighs double in training and in every share that is reported.
    Fix: drop the row. Questions that take one row per item (one per object) are not meant here.
    """
    contract, frame = evidence.contract, evidence.table.frame
    repeated = contract.rows("repeated_row")
    keys = {int(contract.first_row[row]) for row in repeated}
    dropped = set(repeated)
    kept = {
        (int(contract.first_row[row]), folded(contract.reading(row).canonical)): row
        for row in np.flatnonzero(np.isin(contract.first_row, list(keys))).tolist()
        if row not in dropped
    }
    questions, answers = frame["question"].tolist(), frame["answer"].tolist()
    defects = []
    for cells in cells_of(evidence, repeated):
        first = kept[int(contract.first_row[cells.row]), folded(contract.reading(cells.row).canonical)]
        same = (questions[first], answers[first]) == (cells.question, cells.answer)
        message = "Another row says the same: the same image, question and answer"
        known: dict[str, object] = {"first_row": first, "same_spelling": same}
        defects.append(row_defect(cells, message if same else f"{message}, spelt otherwise", "Drop this row", known))
    return Checked(len(frame), defects)
