"""The kinds of metadata in each image come in; a defect for every image that names a place or a person goes out."""

from __future__ import annotations

from kvqa_audit.checks.base import Checked, Evidence, check
from kvqa_audit.checks.embedded import HARMFUL, carrying
from kvqa_audit.model import Severity


@check("KV602", Severity.ERROR, needs=("images",), unit="images")
def embedded_location_or_name(evidence: Evidence) -> Checked:
    """An image's metadata tell where it was taken, or name a person.

    Why: a place or a name in a file that is published cannot be taken back. It is told in EXIF, XMP or IPTC, where no
    viewer shows it by itself. Only the kind is named here, and no value is kept.

    Fix: do not share these files; write them anew without metadata first, and look for copies that are already out.
    """
    return carrying(evidence, "its metadata tell", HARMFUL.__contains__)
