"""Rows, each with the group that its image comes from, come in; which images belong together goes out."""

from __future__ import annotations

from collections.abc import Iterable

from kvqa_audit.model import GroupPlace, ImageGroups

NEXT_IN_GROUP = 8
MAX_SECONDS_APART = 60


def groups_of_column(column: str, img_ids: Iterable[str], groups: Iterable[str]) -> ImageGroups:
    """The groups that the rows of each image name; rows without an id or a group are left out."""
    found: dict[str, set[str]] = {}
    for img_id, group in zip(img_ids, groups, strict=True):
        if img_id.strip() and group.strip():
            found.setdefault(img_id.strip(), set()).add(group.strip())
    places = {img_id: tuple(GroupPlace(name) for name in sorted(names)) for img_id, names in found.items()}
    return ImageGroups(column, places)


def neighbours(groups: ImageGroups) -> dict[tuple[str, str], int | None]:
    """Pairs that are near each other in a group, to the seconds between them; None where nothing tells them.

    Each image with the next eight of its group, and where times are known with those within a minute alone.
    """
    found: dict[tuple[str, str], int | None] = {}
    for starts in groups.in_order().values():
        images = list(starts.items())
        for place, (one, start) in enumerate(images):
            for other, end in images[place + 1 : place + 1 + NEXT_IN_GROUP]:
                apart = None if start is None or end is None else end - start
                if end == start if apart is None else apart <= MAX_SECONDS_APART:
                    found.setdefault((min(one, other), max(one, other)), apart)
    return found


def effective_number(sizes: Iterable[int]) -> float:
    """How many groups of one size tell as much as groups of these sizes: (sum n)² / sum n² (Kish, 1965); 0 of none."""
    counted = [size for size in sizes if size]
    return sum(counted) ** 2 / sum(size * size for size in counted) if counted else 0.0
