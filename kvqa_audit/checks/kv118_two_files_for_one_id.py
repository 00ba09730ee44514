"""The faults of the image files come in; a defect for every img_id with two files goes out."""

from __future__ import annotations

from pathlib import PurePosixPath

from kvqa_audit.checks.base import Checked, Defect, Evidence, check
from kvqa_audit.model import Severity


@check("KV118", Severity.ERROR, needs=("images",), unit="images")
def two_files_for_one_id(evidence: Evidence) -> Checked:
    """Rows name an image by what several files are called.

    Why: which of the files a row means depends on the program that looks for it, so none was taken for it here.
    Fix: name the image by its path or with its ending in the table; of two versions of one picture keep the right one.
    """
    defects = [
        Defect(
            fault.message,
            img_id=fault.img_id,
            evidence={"paths": list(fault.paths)},
            suggestion=_suggestion(fault.paths),
        )
        for fault in evidence.image_faults
        if fault.kind == "two_files_for_one_id"
    ]
    return Checked(len({fingerprint.img_id for fingerprint in evidence.fingerprints}), defects)


def _suggestion(paths: tuple[str, ...]) -> str:
    """Files in different folders are different pictures, whatever they are called."""
    if len({PurePosixPath(path).parent for path in paths}) > 1:
        return "Write the path of the file into the table"
    return "Write the name with its ending into the table, or keep one of the files"
