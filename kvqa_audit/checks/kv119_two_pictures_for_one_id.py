"""The faults of the image files come in; a defect for every img_id with two pictures goes out."""

from __future__ import annotations

from kvqa_audit.checks.base import Checked, Defect, Evidence, check
from kvqa_audit.model import Severity


@check("KV119", Severity.ERROR, needs=("images",), unit="images")
def two_pictures_for_one_id(evidence: Evidence) -> Checked:
    """One img_id carries two different pictures.

    Why: rows with the same img_id speak of different pictures, so their answers must not be put together.
    Fix: give each picture its own img_id, or repeat the right picture in all rows.
    """
    defects = [
        Defect(
            fault.message,
            img_id=fault.img_id,
            evidence={"paths": list(fault.paths)},
            suggestion="Give each picture its own img_id",
        )
        for fault in evidence.image_faults
        if fault.kind == "two_pictures_for_one_id"
    ]
    return Checked(len({fingerprint.img_id for fingerprint in evidence.fingerprints}), defects)
