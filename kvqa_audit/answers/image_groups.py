"""Rows, each with the group that its image comes from, come in; which images belong together goes out."""

from __future__ import annotations

from collections.abc import Iterable

from kvqa_audit.model import GroupPlace, ImageGroups


def groups_of_column(column: str, img_ids: Iterable[str], groups: Iterable[str]) -> ImageGroups:
    """The groups that the rows of each image name; rows without an id or a group are left out."""
    found: dict[str, set[str]] = {}
    for img_id, group in zip(img_ids, groups, strict=True):
        if img_id.strip() and group.strip():
            found.setdefault(img_id.strip(), set()).add(group.strip())
    places = {img_id: tuple(GroupPlace(name) for name in sorted(names)) for img_id, names in found.items()}
    return ImageGroups(column, places)


def effective_number(sizes: Iterable[int]) -> float:
    """How many groups of one size tell as much as groups of these sizes: (sum n)² / sum n² (Kish, 1965); 0 of none."""
    counted = [size for size in sizes if size]
    return sum(counted) ** 2 / sum(size * size for size in counted) if counted else 0.0
