"""Images with a date in their EXIF come in; what the stage gives tells neither day nor clock, and links them."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from kvqa_audit.clocks.clock_stage import find_task
from kvqa_audit.clocks.hidden import HiddenReading
from kvqa_audit.clocks.link import examinations
from kvqa_audit.images.each import PickedImages
from kvqa_audit.images.embedded import taken_at
from kvqa_audit.ingest.image_folder import FolderShard


def picture(taken: str | None) -> bytes:
    target, exif = io.BytesIO(), Image.Exif()
    if taken is not None:
        exif.get_ifd(0x8769)[0x9003] = taken
    Image.new("RGB", (160, 120), (90, 60, 50)).save(target, "JPEG", exif=exif)
    return target.getvalue()


@pytest.mark.parametrize("taken", [None, "", "2015:05:21", "yesterday", "2015-05-21 13:13:27"])
def test_other_metadata_tell_no_moment(taken: str | None) -> None:
    assert taken_at(picture(taken)) is None


@pytest.mark.parametrize("data", [b"", b"\xff\xd8\xff\xe1\x00\x10Exif\x00\x00MM", b"no picture"])
def test_what_is_no_picture_tells_no_moment(data: bytes) -> None:
    assert taken_at(data) is None


def test_pictures_taken_one_after_the_other_are_linked(tmp_path) -> None:  # type: ignore[no-untyped-def]
    moments = {
        "a": "2015:05:21 13:13:27",
        "b": "2015:05:21 13:14:00",
        "c": "2015:05:22 13:14:30",
        "d": "2015:15:42 99:00:00",
    }
    for name, taken in moments.items():
        (tmp_path / f"{name}.jpg").write_bytes(picture(taken))
    shard = FolderShard(str(tmp_path), tuple((name, f"{name}.jpg") for name in moments))
    found: list[HiddenReading] = list(
        find_task(PickedImages(shard, frozenset(moments)), frozenset(), (), frozenset(), b"k" * 32)
    )
    assert [one.seen for one in found] == ["certain", "certain", "certain", "nothing"]
    groups = examinations(found)
    assert list(groups.members().values()) == [("a", "b"), ("c",)]
    assert groups.places["b"][0].seconds_from_start == 33
    assert "2015" not in repr(found)
