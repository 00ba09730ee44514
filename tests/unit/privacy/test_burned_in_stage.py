"""The reading stage: each asked image once, and one that harms its child costs itself alone."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from kvqa_audit.ingest.dataset import REPEATED, RawImage
from kvqa_audit.ingest.image_place import ImagePlace
from kvqa_audit.privacy.burned_in_stage import find_burned_in
from tests.children import in_children


@dataclass(frozen=True)
class UnreadShard:
    """Images that cannot be opened; the one named `poison` ends the process that opens it."""

    ids: tuple[str, ...]
    poison: str = ""

    def read(self) -> Iterator[RawImage]:
        return self.pick(self.ids)

    def pick(self, ids: Collection[str]) -> Iterator[RawImage]:
        for img_id in self.ids:
            if img_id in ids:
                if img_id == self.poison:
                    os._exit(3)
                yield RawImage(img_id, f"{img_id}.jpg", b"", "missing", "gone")
                yield RawImage(img_id, "again", b"", REPEATED, "0" * 64)

    def places(self) -> dict[str, ImagePlace]:
        return {}


class WithoutPictures(UnreadShard):
    """Names images and gives none."""

    def pick(self, ids: Collection[str]) -> Iterator[RawImage]:
        return iter(())


def test_each_asked_image_is_read_once_and_a_crash_costs_one() -> None:
    told: list[int] = []
    shards = (UnreadShard(("c", "b", "x"), poison="b"), UnreadShard(("a",)))
    found = in_children(find_burned_in, shards, ["a", "b", "c", "nowhere"], jobs=1, on_progress=told.append)
    assert [(one.img_id, one.problem) for one in found] == [("a", "missing"), ("b", "crashed"), ("c", "missing")]
    assert sum(told) == 3


def test_an_image_that_its_shard_does_not_give_is_unreadable() -> None:
    found = in_children(find_burned_in, (WithoutPictures(("a",)),), ["a"], jobs=1)
    assert [(one.img_id, one.problem) for one in found] == [("a", "unreadable")]


def test_nothing_asked_reads_nothing() -> None:
    assert in_children(find_burned_in, (UnreadShard(("a",), poison="a"),), [], jobs=1) == ()
