"""The images found and the table's img_ids come in; a defect for every image without a row goes out."""

from __future__ import annotations

from kvqa_audit.checks.base import Checked, Defect, Evidence, check
from kvqa_audit.model import Severity


@check("KV102", Severity.WARNING, needs=("images", "table", "column img_id"), unit="images")
def image_without_rows(evidence: Evidence) -> Checked:
    """An image has no row in the table.

    Why: nobody asked anything about it: rows got lost, or the file does not belong to the dataset.
    Fix: add its rows, or remove the file.
    """
    named = set(evidence.table.frame["img_id"])
    unclear = {p for fault in evidence.image_faults if fault.kind == "two_files_for_one_id" for p in fault.paths}
    images = {fingerprint.img_id: fingerprint for fingerprint in evidence.fingerprints}
    defects = [
        Defect(
            f"{image.path}: no row names this image",
            img_id=img_id,
            evidence={"path": image.path},
            suggestion="Add its rows, or remove the file",
        )
        for img_id, image in images.items()
        if img_id not in named and image.path not in unclear
    ]
    return Checked(len(images), defects)
