"""Fingerprints and file faults come in; a defect for every link that leaves the dataset's folder goes out."""

from __future__ import annotations

from kvqa_audit.checks.base import Checked, Defect, Evidence, check
from kvqa_audit.model import Severity


@check("KV111", Severity.ERROR, needs=("images",), unit="images")
def image_outside_the_folder(evidence: Evidence) -> Checked:
    """An image is a link that leads out of the dataset's folder.

    Why: the file is not part of what is released, and following such links would read whatever they point to.

    Fix: put the file itself into the folder, or remove the link.
    """
    messages = {
        image.img_id: f"{image.path}: {image.detail or 'leads out of the folder'}"
        for image in evidence.fingerprints
        if image.problem == "outside_the_folder"
    }
    for fault in evidence.image_faults:
        if fault.kind == "outside_the_folder":
            messages.setdefault(fault.img_id or fault.paths[0], fault.message)
    defects = [
        Defect(message, img_id=img_id, suggestion="Put the file itself into the folder, or remove the link")
        for img_id, message in sorted(messages.items())
    ]
    return Checked(len({image.img_id for image in evidence.fingerprints} | messages.keys()), defects)
