"""The rows with their groups come in; images whose rows name several groups go out."""

from __future__ import annotations

from kvqa_audit.answers.image_groups import groups_of_images
from kvqa_audit.checks.base import Checked, Defect, Evidence, check
from kvqa_audit.model import Severity


@check(
    "KV418",
    Severity.WARNING,
    needs=("table", "groups", "column img_id"),
    unit="images with a group",
    by_description=True,
)
def image_in_several_groups(evidence: Evidence) -> Checked:
    """The rows of one image name several groups.

    Why: an image comes from one patient, examination or video; whatever is grouped by them cannot be trusted.
    Fix: look up where the image comes from, and put that into all its rows.
    """
    table = evidence.table
    groups = groups_of_images(table.frame["img_id"].tolist(), table.groups)
    return Checked(
        len(groups),
        [
            Defect(
                f"the rows of this image name {len(names)} groups: {', '.join(map(repr, names[:4]))}",
                img_id=img_id,
                evidence={"groups": list(names)},
                suggestion="Put the group it comes from into all its rows",
            )
            for img_id, names in groups.items()
            if len(names) > 1
        ],
    )
