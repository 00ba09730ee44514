"""Images are compared by id and content; a picture under another id is renamed, not removed and added."""

from __future__ import annotations

from dataclasses import replace

from kvqa_audit.compare.images import Renamed, image_changes
from tests.unit.compare.samples import image


def test_added_removed_and_unchanged_images() -> None:
    changes = image_changes([image("a"), image("b")], [image("b"), image("c")])
    assert (changes.added, changes.removed, changes.renamed) == (("c",), ("a",), ())
    assert (changes.before, changes.after, changes.unchanged) == (2, 2, 1)


def test_renamed_by_bytes_first_then_by_all_pixels_then_by_the_reduced_picture() -> None:
    before = [image("a", "one", "p1"), image("b", "two", "p1", "f1"), image("c", "three", "p3"), image("d", "4", "p1")]
    after = [
        image("w", "other file", "p1"),
        image("x", "another file", "p1", "f1"),
        image("y", "one", "p1"),
        image("z", "other picture", "p9"),
    ]
    changes = image_changes(before, after)
    assert changes.renamed == (
        Renamed("a", "y", "bytes"),
        Renamed("b", "x", "pixels"),
        Renamed("d", "w", "reduced picture"),
    )
    assert (changes.added, changes.removed) == (("z",), ("c",))
    assert changes.new_names == {"a": "y", "b": "x", "d": "w"}


def test_pictures_that_differ_in_full_are_not_renamed_though_they_are_alike_when_reduced() -> None:
    before, after = image("a", "one", "p", "f1"), image("b", "two", "p", "f2")
    assert image_changes([before], [after]).renamed == ()
    assert image_changes([replace(before, full_pixel_digest=None)], [after]).new_names == {"a": "b"}
    assert image_changes([before], [replace(after, full_pixel_digest=None)]).new_names == {"a": "b"}


def test_several_equal_pictures_are_paired_one_to_one() -> None:
    changes = image_changes([image("a", "s"), image("b", "s"), image("c", "s")], [image("x", "s"), image("y", "s")])
    assert changes.new_names == {"a": "x", "b": "y"}
    assert changes.removed == ("c",)


def test_pixels_of_different_decoders_are_not_compared() -> None:
    before, after = image("a", "one", "p"), replace(image("b", "two", "p"), decoder="other")
    assert image_changes([before], [after]).renamed == ()
    assert image_changes([before], [replace(after, img_id="a")]).changed[0].how == "other bytes"


def test_unreadable_images_are_never_taken_for_the_same_picture() -> None:
    broken = replace(image("a"), sha256=None, pixel_digest=None, problem="cannot be read")
    assert image_changes([broken], [replace(broken, img_id="b")]).renamed == ()


def test_unreadable_images_changed_only_if_they_are_unreadable_otherwise() -> None:
    broken = replace(image("a"), sha256=None, pixel_digest=None, problem="unreadable")
    same, other = (image_changes([broken], [replace(broken, problem=why)]) for why in ("unreadable", "missing"))
    assert (same.changed, same.unchanged) == ((), 1)
    assert [change.how for change in other.changed] == ["other bytes"]


def test_how_an_image_changed_is_told() -> None:
    broken = replace(image("c", "cut"), pixel_digest=None, problem="truncated")
    before = [
        image("a", "one", "p"),
        image("b", "one", "p"),
        image("c"),
        broken.__class__("d", "d.jpg", 0, None, "empty"),
        image("e", "one", "p", "f1"),
        image("f", "one", "p", "f1"),
        replace(image("g", "one", "p"), format="PNG"),
    ]
    after = [
        image("a", "two", "p"),
        image("b", "two", "q"),
        broken,
        image("d"),
        image("e", "two", "p", "f1"),
        image("f", "two", "p", "f2"),
        replace(image("g", "two", "q"), format="BMP"),
    ]
    changes = image_changes(before, after)
    assert [(change.img_id, change.how) for change in changes.changed] == [
        ("a", "other bytes, same reduced picture"),
        ("b", "other pixels"),
        ("c", "now unreadable"),
        ("d", "now readable"),
        ("e", "other bytes, same pixels"),
        ("f", "other pixels"),
        ("g", "other bytes"),
    ]
