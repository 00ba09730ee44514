"""The rows with their groups come in; images whose rows name several groups go out."""

from __future__ import annotations

from kvqa_audit.checks.base import Checked, Defect, Evidence, check
from kvqa_audit.model import Severity


@check(
    "KV418",
    Severity.WARNING,
    needs=("groups", "column img_id"),
    unit="images with a group",
    by_description=True,
)
def image_in_several_groups(evidence: Evidence) -> Checked:
    """The rows of one image name several groups.

    Why: an image comes from one patient, examination or video; whatever is grouped by them cannot be trusted.
    Fix: look up where the image comes from, and put that into all its rows.
    """
    places = evidence.groups.places
    named = {img_id: [place.group for place in of_image] for img_id, of_image in places.items()}
    return Checked(
        len(named),
        [
            Defect(
                f"the rows of this image name {len(names)} groups: {', '.join(map(repr, names[:4]))}",
                img_id=img_id,
                evidence={"groups": names},
                suggestion="Put the group it comes from into all its rows",
            )
            for img_id, names in named.items()
            if len(names) > 1
        ],
    )
