"""Rows come in; a defect for every question about an image that is answered in several ways goes out."""

from __future__ import annotations

from collections import Counter

import numpy as np

from kvqa_audit.checks.base import Checked, Defect, Evidence, check
from kvqa_audit.checks.rows import RowCells, cells_of, shown
from kvqa_audit.model import Severity
from kvqa_audit.spelling import folded


@check("KV012", Severity.ERROR, needs=("table", "column question", "column answer", "column img_id"))
def conflicting_repeat(evidence: Evidence) -> Checked:
    """One question about one image is answered in two ways.

    Why: at least one of the answers is wrong, and which one a model learns is left to chance.
    Fix: look at the image, keep the right answer and drop the other row.
    """
    contract = evidence.contract
    keys = sorted({int(contract.first_row[row]) for row in contract.rows("conflicting_repeat")})
    rows_of_key: dict[int, list[RowCells]] = {key: [] for key in keys}
    for cells in cells_of(evidence, np.flatnonzero(np.isin(contract.first_row, keys)).tolist()):
        if cells.answer.strip():
            rows_of_key[int(contract.first_row[cells.row])].append(cells)
    return Checked(len(evidence.table.frame), [_defect(rows, evidence) for rows in rows_of_key.values()])


def _defect(rows: list[RowCells], evidence: Evidence) -> Defect:
    """About all rows of one image and question; whatever their order, the same is said of them."""
    said = {cells.row: folded(evidence.contract.reading(cells.row).canonical) for cells in rows}
    given = Counter(said.values())
    rows = sorted(rows, key=lambda cells: (-given[said[cells.row]], said[cells.row], cells.answer, cells.row))
    one_each = list({said[cells.row]: cells for cells in reversed(rows)}.values())[::-1]
    known = evidence.spec.question_of(rows[0].question)
    told = ", ".join(shown(cells.answer) for cells in one_each[:10])
    return Defect(
        f"The image is answered in {len(one_each)} ways: {told}",
        img_id=rows[0].img_id.strip(),
        question=known.text if known is not None else min(cells.question for cells in rows),
        answer=one_each[1].answer,
        row=one_each[1].row,
        evidence={
            "rows": [cells.row for cells in rows],
            "answers": [cells.answer for cells in rows],
            "first_row": one_each[0].row,
            "first_answer": one_each[0].answer,
        },
        suggestion="Keep one of the answers",
    )
