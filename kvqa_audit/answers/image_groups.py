"""Rows, each with the group that its image comes from, come in; which images belong together goes out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def groups_of_images(img_ids: Iterable[str], groups: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Image → the groups that its rows name, sorted; rows without an id or a group are left out."""
    found: dict[str, set[str]] = {}
    for img_id, group in zip(img_ids, groups, strict=True):
        if img_id.strip() and group.strip():
            found.setdefault(img_id.strip(), set()).add(group.strip())
    return {img_id: tuple(sorted(names)) for img_id, names in found.items()}


def members_of(groups_of: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Group → its images, both sorted."""
    found: dict[str, list[str]] = {}
    for img_id in sorted(groups_of):
        for group in groups_of[img_id]:
            found.setdefault(group, []).append(img_id)
    return {group: tuple(found[group]) for group in sorted(found)}


def ties(img_ids: Iterable[str], groups: Iterable[str]) -> list[tuple[str, str]]:
    """Pairs of images that connect all images of each group: every one with the group's first."""
    members = members_of(groups_of_images(img_ids, groups)).values()
    return [(images[0], other) for images in members for other in images[1:]]


def effective_number(sizes: Iterable[int]) -> float:
    """How many groups of one size tell as much as groups of these sizes: (sum n)² / sum n² (Kish, 1965); 0 of none."""
    counted = [size for size in sizes if size]
    return sum(counted) ** 2 / sum(size * size for size in counted) if counted else 0.0
