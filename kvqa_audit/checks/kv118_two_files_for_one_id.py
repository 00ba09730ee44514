"""The faults of the image files come in; a defect for every img_id with two files goes out."""

from __future__ import annotations

from kvqa_audit.checks.base import Checked, Defect, Evidence, check
from kvqa_audit.model import Severity


@check("KV118", Severity.ERROR, needs=("images",), unit="images")
def two_files_for_one_id(evidence: Evidence) -> Checked:
    """Two files have the same img_id.

    Why: which of the two a row means depends on the program that looks for it.
    Fix: keep the right file and rename or remove the other.
    """
    defects = [
        Defect(
            fault.message,
            img_id=fault.img_id,
            evidence={"paths": list(fault.paths)},
            suggestion="Keep one of the files",
        )
        for fault in evidence.image_faults
        if fault.kind == "two_files_for_one_id"
    ]
    return Checked(len({fingerprint.img_id for fingerprint in evidence.fingerprints}), defects)
