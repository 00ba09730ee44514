"""Rows come in; a note on every image with several rows for a question that takes one row per item goes out."""

from __future__ import annotations

from collections import defaultdict

from kvqa_audit.checks.base import Checked, Defect, Evidence, check
from kvqa_audit.checks.rows import RowCells, cells_of
from kvqa_audit.model import Severity


@check("KV013", Severity.INFO, needs=("table", "column question", "column answer", "column img_id"), unit="rows")
def repeated_item_rows(evidence: Evidence) -> Checked:
    """A question that takes one row per item has several rows for one image.

    Why: this is allowed (one row per object seen), but identical rows cannot be told from a row that slipped in twice.
    Fix: nothing, unless the image shows fewer items than it has rows.
    """
    contract = evidence.contract
    rows_of_key: dict[int, list[RowCells]] = defaultdict(list)
    for cells in cells_of(evidence, contract.rows("repeated_item_row")):
        rows_of_key[int(contract.first_row[cells.row])].append(cells)
    firsts = cells_of(evidence, rows_of_key)
    return Checked(len(evidence.table.frame), [_defect([first, *rows_of_key[first.row]], evidence) for first in firsts])


def _defect(rows: list[RowCells], evidence: Evidence) -> Defect:
    """About all rows of one image and question; whatever their order, the same is said of them."""
    rows = sorted(rows, key=lambda cells: (evidence.contract.reading(cells.row).canonical, cells.answer, cells.row))
    numbers = sorted(cells.row for cells in rows)
    answers = [evidence.contract.reading(cells.row).canonical for cells in rows]
    known = evidence.spec.question_of(rows[0].question)
    kind = "identical" if len(set(answers)) == 1 else "different"
    return Defect(
        f"{len(rows)} rows with {kind} answers: {'; '.join(repr(answer[:60]) for answer in answers[:10])}",
        img_id=rows[0].img_id.strip(),
        question=known.text if known is not None else min(cells.question for cells in rows),
        row=numbers[1],
        evidence={"rows": numbers, "answers": answers, "answers_are": kind},
    )
