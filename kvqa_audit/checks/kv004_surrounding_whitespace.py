"""Rows come in; a defect for every cell with whitespace around its text goes out."""

from __future__ import annotations

from kvqa_audit.checks.base import Checked, Evidence, check
from kvqa_audit.checks.rows import cells_of, row_defect, shown
from kvqa_audit.model import Repair, Severity


@check("KV004", Severity.WARNING, repair=Repair.WHITESPACE)
def surrounding_whitespace(evidence: Evidence) -> Checked:
    """A cell starts or ends with whitespace.

    Why: 'yes' and 'yes ' look the same and count as two answers, and an img_id with a blank finds no image.
    Fix: trim the cell to the suggested text.
    """
    defects = []
    for role in ("source", "question", "answer", "img_id"):
        for cells in cells_of(evidence, evidence.contract.rows(f"padded_{role}")):
            text = getattr(cells, role)
            message = f"Whitespace around the {role} {shown(text)}"
            defects.append(row_defect(cells, message, text.strip(), {"column": role}))
    return Checked(len(evidence.table.frame), defects)
