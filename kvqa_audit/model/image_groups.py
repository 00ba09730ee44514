"""Which images come from one patient, examination or video, and when within it each was taken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Any


@dataclass(frozen=True, slots=True)
class GroupPlace:
    """One image in its group: the group's name as it is shown, and seconds after the group's first image.

    The seconds are None where no clock tells them.
    """

    group: str
    seconds_from_start: int | None = None


@dataclass(frozen=True, slots=True)
class ImageGroups:
    """The images that belong together.

    Attributes:
        told_by: the column of the table that names the groups; "" where clocks told them, as examinations with numbers.
        places: image → its place in each of the groups that it is said to come from, by their names; one, where nothing
            is wrong. Images without a group are not there.
    """

    told_by: str = ""
    places: Mapping[str, tuple[GroupPlace, ...]] = field(default_factory=dict)

    @property
    def word(self) -> str:
        """What one of them is called."""
        return "group" if self.told_by else "examination"

    def as_json(self) -> dict[str, Any] | None:
        """As it stands in the record of an audit; None where no image has a group."""
        if not self.places:
            return None
        places = {
            img_id: [[place.group, place.seconds_from_start] for place in of_image]
            for img_id, of_image in self.places.items()
        }
        return {"told_by": self.told_by, "places": places}

    @classmethod
    def from_json(cls, record: Mapping[str, Any] | None) -> ImageGroups:
        """As `as_json` gave it."""
        if record is None:
            return cls()
        places = {
            img_id: tuple(GroupPlace(*place) for place in of_image) for img_id, of_image in record["places"].items()
        }
        return cls(record["told_by"], places)

    @property
    def origin(self) -> str:
        """What tells them, in words."""
        return self.told_by or "told by the clocks in the pictures"

    def called(self, group: str) -> str:
        """A group in a sentence."""
        return f"the group {group!r}" if self.told_by else group

    def members(self) -> dict[str, tuple[str, ...]]:
        """Group → its images, both sorted."""
        found: dict[str, list[str]] = {}
        for img_id in sorted(self.places):
            for place in self.places[img_id]:
                found.setdefault(place.group, []).append(img_id)
        return {group: tuple(found[group]) for group in sorted(found)}

    def in_order(self) -> dict[str, dict[str, int | None]]:
        """Group → its images with their seconds, in the order of time; those without come last, in their own order."""
        found: dict[str, dict[str, int | None]] = {}
        for img_id, of_image in self.places.items():
            for place in of_image:
                found.setdefault(place.group, {})[img_id] = place.seconds_from_start
        return {
            group: dict(sorted(starts.items(), key=lambda one: inf if one[1] is None else one[1]))
            for group, starts in found.items()
        }

    def seconds_apart(self, one: str, other: str) -> int | None:
        """The seconds between two images of one group; None where they have no group in common, or no times."""
        starts = {place.group: place.seconds_from_start for place in self.places.get(one, ())}
        for place in self.places.get(other, ()):
            start = starts.get(place.group)
            if start is not None and place.seconds_from_start is not None:
                return abs(place.seconds_from_start - start)
        return None

    def ties(self) -> list[tuple[str, str]]:
        """Pairs of images that connect all images of each group: every one with the group's first."""
        return [(images[0], other) for images in self.members().values() for other in images[1:]]
