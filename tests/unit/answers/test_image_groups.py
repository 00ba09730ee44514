"""Groups of images tell which are near each other: within a minute where times are known, and few for each image."""

from __future__ import annotations

from kvqa_audit.answers.image_groups import NEXT_IN_GROUP, groups_of_column, neighbours
from kvqa_audit.model import GroupPlace, ImageGroups


def test_neighbours_are_of_one_group_and_within_a_minute() -> None:
    starts = {"a": ("exam 1", 0), "b": ("exam 1", 61), "c": ("exam 1", 60), "d": ("exam 2", 1), "e": ("exam 1", None)}
    groups = ImageGroups("", {one: (GroupPlace(*place),) for one, place in starts.items()})
    assert neighbours(groups) == {("a", "c"): 60, ("b", "c"): 1}


def test_without_times_each_image_has_the_next_few_of_its_group_in_the_order_of_the_rows() -> None:
    img_ids = [f"i{number:02d}" for number in reversed(range(30))]
    found = neighbours(groups_of_column("video", img_ids, ["v"] * 30))
    assert set(found.values()) == {None}
    assert ("i20", "i29") not in found
    assert ("i21", "i29") in found
    assert len(found) == sum(min(NEXT_IN_GROUP, after) for after in range(30))
    assert neighbours(groups_of_column("video", ["a", "b", ""], ["v", "w", "v"])) == {}
