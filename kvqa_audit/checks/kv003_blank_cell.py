"""Rows come in; a defect for every blank source, question or img_id goes out."""

from __future__ import annotations

from kvqa_audit.checks.base import Checked, Evidence, check
from kvqa_audit.checks.rows import cells_of, row_defect
from kvqa_audit.model import Severity


@check("KV003", Severity.ERROR)
def blank_cell(evidence: Evidence) -> Checked:
    """A source, a question or an img_id is blank.

    Why: such a row belongs to no category, no question or no image, and silently drops out of every count.
    Fix: fill the cell in from the original annotation, or drop the row.
    """
    defects = [
        row_defect(cells, f"'{role}' is blank", evidence={"column": role})
        for role in ("source", "question", "img_id")
        for cells in cells_of(evidence, evidence.contract.rows(f"blank_{role}"))
    ]
    return Checked(len(evidence.table.frame), defects)
