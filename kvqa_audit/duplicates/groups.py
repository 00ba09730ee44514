"""Verified pairs come in; which group each image belongs to goes out, without chains of unrelated pictures."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from math import fsum


def representatives(edges: Iterable[tuple[str, str, float]]) -> dict[str, str]:
    """For every image in an edge (left, right, similarity) the id of its group's representative.

    Every member has a verified edge with its representative. In turn the image with the most free neighbours is made
    a representative (ties: higher total similarity, then smaller id) and takes them; so two scenes that only one
    blurred frame connects stay two groups. A single edge between two groups is left as it is.
    """
    neighbours: dict[str, dict[str, float]] = defaultdict(dict)
    for left, right, similarity in edges:
        neighbours[left][right] = similarity
        neighbours[right][left] = similarity
    group: dict[str, str] = {}
    waiting: dict[int, set[str]] = defaultdict(set)
    for image, found in neighbours.items():
        waiting[len(found)].add(image)
    for degree in range(max(waiting, default=0), -1, -1):
        # A degree only falls while its bucket is worked on, so each bucket is sorted when its turn comes.
        for image in sorted(waiting[degree], key=lambda image: (-fsum(neighbours[image].values()), image)):
            if image in group:
                continue
            free = [other for other in neighbours[image] if other not in group]
            if len(free) < degree:
                waiting[len(free)].add(image)
                continue
            group[image] = image
            group.update(dict.fromkeys(free, image))
    return group


def group_of(left: str, right: str, group: dict[str, str]) -> str:
    """The group a pair is shown in: its images' own, and the smaller id where a pair connects two groups."""
    return min(group[left], group[right])
