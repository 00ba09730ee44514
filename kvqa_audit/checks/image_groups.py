"""The evidence comes in; the images of each group that its rows name go out."""

from __future__ import annotations

from kvqa_audit.answers.image_groups import groups_of_images, members_of
from kvqa_audit.checks.base import Evidence


def members_by_group(evidence: Evidence) -> dict[str, tuple[str, ...]]:
    """Group → its images."""
    table = evidence.table
    return members_of(groups_of_images(table.frame["img_id"].tolist(), table.groups))
