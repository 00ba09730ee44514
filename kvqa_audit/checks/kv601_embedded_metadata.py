"""The kinds of metadata in each image come in; a defect for every image that carries any goes out."""

from __future__ import annotations

from kvqa_audit.checks.base import Checked, Evidence, check
from kvqa_audit.checks.embedded import HARMFUL, carrying
from kvqa_audit.model import Severity


@check("KV601", Severity.WARNING, needs=("images",), unit="images")
def embedded_metadata(evidence: Evidence) -> Checked:
    """An image carries metadata beside its pixels.

    Why: EXIF, XMP, IPTC, comments and embedded thumbnails travel with every copy of the file. Dates and serial numbers
    of devices can lead to a person, and a thumbnail shows the picture as it was before it was cropped or blotted out.
    Only the kinds are named here, and no value is kept. Density, colour profile and orientation are not counted.

    Fix: write the images anew without metadata (`exiftool -all= -tagsfromfile @ -icc_profile`, or `jpegtran -copy
    none`), which leaves the pixels as they are.
    """
    return carrying(evidence, "its metadata hold", lambda kind: kind not in HARMFUL)
