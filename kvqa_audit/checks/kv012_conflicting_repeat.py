"""Rows come in; a defect for every row that contradicts an earlier one about the same image and question goes out."""

from __future__ import annotations

from kvqa_audit.checks.base import Checked, Evidence, check
from kvqa_audit.checks.rows import cells_of, row_defect, shown
from kvqa_audit.model import Severity


@check("KV012", Severity.ERROR, needs=("table", "column question", "column answer", "column img_id"))
def conflicting_repeat(evidence: Evidence) -> Checked:
    """One question about one image is answered in two ways.

    Why: at least one of the answers is wrong, and which one a model learns is left to chance.
    Fix: look at the image, keep the right answer and drop the other row.
    """
    contract = evidence.contract
    answers = evidence.table.frame["answer"].tolist()
    defects = []
    for cells in cells_of(evidence, contract.rows("conflicting_repeat")):
        first = int(contract.first_row[cells.row])
        message = f"Row {cells.row} answers {shown(cells.answer)}, row {first} answered {shown(answers[first])}"
        known = {"first_row": first, "first_answer": answers[first]}
        defects.append(row_defect(cells, message, "Keep one of the two rows", known))
    return Checked(len(evidence.table.frame), defects)
