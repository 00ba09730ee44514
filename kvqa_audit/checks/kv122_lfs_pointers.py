"""Fingerprints come in; one defect goes out if files are pointers of Git LFS instead of pictures."""

from __future__ import annotations

from kvqa_audit.checks.base import Checked, Defect, Evidence, check
from kvqa_audit.model import Severity


@check("KV122", Severity.ERROR, needs=("images",), unit="images")
def lfs_pointers(evidence: Evidence) -> Checked:
    """Images are pointers of Git LFS, not pictures.

    Why: the repository was cloned without its large files, so that these images were not looked at.
    Fix: fetch them with git lfs pull, and audit again.
    """
    pointers = [image for image in evidence.fingerprints if image.problem == "lfs_pointer"]
    total = len(evidence.fingerprints)
    defects = [
        Defect(
            f"{len(pointers):,} of {total:,} images are pointers of Git LFS, such as {pointers[0].path}",
            related=tuple(image.img_id for image in pointers),
            evidence={"images": len(pointers), "path": pointers[0].path},
            suggestion="git lfs pull",
        )
    ] if pointers else []  # fmt: skip
    return Checked(total, defects)
