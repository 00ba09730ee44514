"""Groups hold images that were verified with their representative, and no chain joins two scenes."""

from __future__ import annotations

from itertools import combinations

from kvqa_audit.duplicates.groups import group_of, representatives


def clique(names: str) -> list[tuple[str, str, float]]:
    return [(left, right, 0.99) for left, right in combinations(names, 2)]


def test_one_blurred_link_does_not_join_two_scenes() -> None:
    group = representatives([*clique("abcd"), *clique("wxyz"), ("d", "w", 0.91)])
    assert {group[name] for name in "abcd"} != {group[name] for name in "wxyz"}
    assert len(set(group.values())) == 2
    assert group_of("d", "w", group) == group_of("w", "d", group) == min(group["d"], group["w"])


def test_every_member_has_an_edge_with_its_representative() -> None:
    edges = [(f"{n:02d}", f"{n + 1:02d}", 0.95) for n in range(12)]
    linked = {frozenset(edge[:2]) for edge in edges}
    for member, representative in representatives(edges).items():
        assert member == representative or frozenset((member, representative)) in linked


def test_the_most_connected_image_represents_and_ties_go_to_the_smaller_id() -> None:
    assert set(representatives([("a", "m", 0.9), ("b", "m", 0.9), ("c", "m", 0.9)]).values()) == {"m"}
    assert representatives([("b", "a", 0.9)]) == {"a": "a", "b": "a"}


def test_the_order_of_the_edges_does_not_matter() -> None:
    edges = [*clique("abc"), ("c", "d", 0.93), *clique("def")]
    assert representatives(edges) == representatives(reversed(edges))


def test_no_edges_no_groups() -> None:
    assert representatives([]) == {}


def test_an_image_whose_neighbours_were_taken_waits_until_it_has_the_most_free_ones() -> None:
    hub = [("hub", leaf, 0.95) for leaf in "abcd"]
    robbed = [("robbed", leaf, 0.91) for leaf in ("a", "b", "p")]
    group = representatives([*hub, *robbed, ("pair", "p", 0.99), ("pair", "q", 0.99)])
    assert group == {
        **dict.fromkeys(("hub", *"abcd"), "hub"),
        **dict.fromkeys(("pair", *"pq"), "pair"),
        "robbed": "robbed",
    }
