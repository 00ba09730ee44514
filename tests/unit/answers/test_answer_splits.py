"""Proposed splits keep groups together, divide every source as asked, and do not hang on the order of the rows."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kvqa_audit.answers.splits import FRACTIONS, propose_splits, splits_of_images

SOURCES = ("Normal", "Polyps", "Instrument")
IMAGES = st.dictionaries(st.integers(0, 400).map("img{}".format), st.sampled_from(SOURCES), max_size=200)


@given(IMAGES, st.dictionaries(st.integers(0, 400).map("img{}".format), st.sampled_from(("g1", "g2", "g3"))))
def test_every_image_has_one_split_and_no_group_has_two(sources: dict[str, str], groups: dict[str, str]) -> None:
    found = propose_splits(sources, groups)
    assert set(found.split_of) == set(sources)
    for group in set(groups.values()):
        assert len({found.split_of[image] for image in groups if groups[image] == group and image in sources}) <= 1
    assert sum(found.images.values()) == len(sources)
    for source, counts in found.images_by_source.items():
        for split, count in counts.items():
            assert count == sum(sources[i] == source and found.split_of[i] == split for i in sources)


@given(IMAGES)
def test_without_groups_every_source_is_divided_to_the_image(sources: dict[str, str]) -> None:
    found = propose_splits(sources, {})
    for source, counts in found.images_by_source.items():
        total = sum(name == source for name in sources.values())
        for split, share in FRACTIONS.items():
            assert abs(counts[split] - share * total) <= 1


@given(IMAGES, st.randoms())
def test_the_order_of_the_images_plays_no_part(sources: dict[str, str], random: object) -> None:
    shuffled = list(sources.items())
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert propose_splits(dict(shuffled), {}).split_of == propose_splits(sources, {}).split_of


def test_groups_are_counted_and_fractions_can_be_chosen() -> None:
    sources = {f"i{n}": "Polyps" for n in range(10)}
    found = propose_splits(sources, {"i0": "g", "i1": "g", "i2": "g", "i3": "h", "i4": "h"}, {"a": 0.5, "b": 0.5})
    assert (found.groups, found.largest_group, found.images) == (2, 3, {"a": 5, "b": 5})


def test_an_images_splits_are_those_of_its_rows() -> None:
    found = splits_of_images(["a", " a", "b", "", "c"], ["train", "test ", "train", "train", ""])
    assert found == {"a": ("test", "train"), "b": ("train",)}
