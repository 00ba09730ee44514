"""Fingerprints come in; a defect for every file that is no image goes out."""

from __future__ import annotations

from kvqa_audit.checks.base import Checked, Evidence, check
from kvqa_audit.checks.image_defects import with_problem
from kvqa_audit.model import Severity


@check("KV106", Severity.ERROR, needs=("images",), unit="images")
def not_an_image(evidence: Evidence) -> Checked:
    """A file is not an image.

    Why: it is something else under the name of an image, often the error page of a failed download.

    Fix: look at the file, and fetch the image again.
    """
    return with_problem(evidence, ("not_an_image",), "is not an image", "Look at the file, and fetch the image again")
