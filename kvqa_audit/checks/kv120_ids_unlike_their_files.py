"""The faults of the image files come in; a defect for each way in which ids differ from file names goes out."""

from __future__ import annotations

from kvqa_audit.checks.base import Checked, Defect, Evidence, check
from kvqa_audit.model import Severity


@check("KV120", Severity.ERROR, needs=("images", "table", "column img_id"), unit="images")
def ids_unlike_their_files(evidence: Evidence) -> Checked:
    """Rows name their images otherwise than the files are called.

    Why: it is plain which file is meant, so the pictures were judged; but a program that opens what the table says
    finds none of them.
    Fix: rename the files or correct the ids, all in the same way; the message says what differs.
    """
    defects = [
        Defect(
            fault.message,
            related=(f"{len(fault.paths)} ids", fault.img_id),
            evidence={"ids": len(fault.paths), "paths": list(fault.paths[:20])},
            suggestion="Rename the files as the table says, or correct the ids",
        )
        for fault in evidence.image_faults
        if fault.kind == "near_miss"
    ]
    return Checked(len({fingerprint.img_id for fingerprint in evidence.fingerprints}), defects)
