"""The overlay stage looks at the images it is asked about, and an image that harms its child costs itself alone."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from drawn_frames import frame, jpeg, with_lines, with_rectangle

from kvqa_audit.cache.texts import TextCache
from kvqa_audit.ingest.dataset import REPEATED, RawImage
from kvqa_audit.ingest.image_place import ImagePlace
from kvqa_audit.overlays.overlay_stage import find_overlays, look_at
from tests.children import in_children


@dataclass(frozen=True)
class Shard:
    """Images in memory; the one named `poison` ends the process that reads it."""

    images: tuple[tuple[str, bytes], ...]
    poison: str = ""

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(img_id for img_id, _ in self.images)

    def read(self) -> Iterator[RawImage]:
        return self.pick(self.ids)

    def pick(self, ids: Collection[str]) -> Iterator[RawImage]:
        for img_id, data in self.images:
            if img_id in ids:
                if img_id == self.poison:
                    os._exit(3)
                yield RawImage(img_id, f"{img_id}.jpg", data)
        yield RawImage(self.ids[0], "again", b"", REPEATED, "0" * 64)

    def places(self) -> dict[str, ImagePlace]:
        return {}


def boxed() -> bytes:
    image = frame()
    with_rectangle(image, (0.0, 0.7, 0.33, 1.0), (0, 0, 0))
    return jpeg(image)


def lettered() -> bytes:
    image = frame()
    with_lines(image)
    return jpeg(image)


def test_only_the_asked_images_are_looked_at_and_each_once() -> None:
    shards = (Shard((("b", boxed()), ("x", b"not asked"))), Shard((("a", lettered()),)))
    told: list[int] = []
    found = in_children(find_overlays, shards, ["a", "b", "nowhere"], jobs=2, on_progress=told.append)
    assert [one.img_id for one in found] == ["a", "b"]
    assert [(one.box.is_seen, one.text.is_seen) for one in found if one.box and one.text] == [
        (False, True),
        (True, False),
    ]
    assert sum(told) == 2


def test_second_run_reads_nothing_that_is_known(tmp_path: Path) -> None:
    digests = {"a": "1" * 64, "b": "2" * 64}
    store = TextCache(tmp_path / "texts.sqlite")
    first = in_children(
        find_overlays, (Shard((("a", lettered()), ("b", boxed()))),), ["a", "b"], jobs=1, cache=store, digests=digests
    )
    unreadable = Shard((("a", b""), ("b", b"")), poison="a")
    told: list[int] = []
    again = in_children(
        find_overlays, (unreadable,), ["a", "b"], jobs=1, cache=store, digests=digests, on_progress=told.append
    )
    assert again == first
    assert sum(told) == 2


def test_poison_image_is_named_and_the_others_are_seen() -> None:
    images = tuple((f"i{number}", lettered()) for number in range(4))
    found = in_children(find_overlays, (Shard(images, poison="i2"),), [img_id for img_id, _ in images], jobs=1)
    assert {one.img_id: one.problem for one in found} == {"i0": None, "i1": None, "i2": "crashed", "i3": None}


def test_nothing_asked_starts_no_child_and_sees_nothing() -> None:
    assert in_children(find_overlays, (Shard((("a", b""),), poison="a"),), [], jobs=1) == ()


def test_bytes_that_are_no_image_are_told_as_such() -> None:
    assert look_at(RawImage("a", "a.jpg", b"plain text, no picture")).problem == "not_an_image"
    assert look_at(RawImage("a", "a.jpg", b"", "unreadable_file", "gone")).problem == "unreadable_file"
