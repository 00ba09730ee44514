"""The table's img_ids and the images found come in; a defect for every img_id without an image goes out."""

from __future__ import annotations

from kvqa_audit.checks.base import Checked, Defect, Evidence, check
from kvqa_audit.checks.rows import RowCells, cells_of
from kvqa_audit.model import Severity


@check("KV101", Severity.ERROR, needs=("images", "table", "column img_id"), unit="images")
def row_without_image(evidence: Evidence) -> Checked:
    """Rows name an image that is not there.

    Why: the rows cannot be used, and programs that skip them silently train on less than is reported.
    Fix: add the image, correct the img_id, or drop the rows.
    """
    found = {fingerprint.img_id for fingerprint in evidence.fingerprints}
    unclear = {fault.img_id for fault in evidence.image_faults if fault.kind == "two_files_for_one_id"}
    first: dict[str, RowCells] = {}
    rows: dict[str, int] = {}
    for cells in cells_of(evidence, range(len(evidence.table.frame))):
        if cells.img_id.strip():
            first.setdefault(cells.img_id, cells)
            rows[cells.img_id] = rows.get(cells.img_id, 0) + 1
    defects = [
        Defect(
            f"{rows[img_id]} row(s) name this image, and there is none",
            img_id=img_id,
            row=cells.row,
            evidence={"rows": rows[img_id]},
            suggestion=img_id.strip() if img_id.strip() in found else "Add the image, or drop its rows",
        )
        for img_id, cells in first.items()
        if img_id not in found and img_id not in unclear
    ]
    return Checked(len(first), defects)
