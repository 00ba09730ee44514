"""The image stage: same answer whatever jobs and order; a second run reads nothing that did not change."""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from pictures import encoded, frame

from kvqa_audit.cache.fingerprints import FingerprintCache
from kvqa_audit.images.fingerprint_stage import fingerprint_images
from kvqa_audit.ingest.dataset import RawImage
from kvqa_audit.ingest.image_folder import FolderShard, list_images
from kvqa_audit.ingest.image_place import ImagePlace
from tests.children import in_children

COUNT = 10


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "data set é"
    (root / "images" / "sub").mkdir(parents=True)
    for number in range(COUNT):
        where = root / "images" / ("sub" if number % 3 == 0 else ".") / f"id{number}.jpg"
        where.write_bytes(encoded(frame(200, 160, seed=number)))
        os.utime(where, ns=(10**18, 10**18))
    (root / "images" / "bad.jpg").write_bytes(b"<html>")
    time.sleep(0.05)  # files as young as the clock's tick are not trusted
    return root


def shards_of(root: Path, per_shard: int = 4) -> tuple[FolderShard, ...]:
    (whole,) = list_images(root).shards
    files = whole.files
    return tuple(FolderShard(str(root), files[at : at + per_shard]) for at in range(0, len(files), per_shard))


def test_same_answer_whatever_jobs_and_order(folder: Path) -> None:
    shards = shards_of(folder)
    one = in_children(fingerprint_images, shards, jobs=1)
    two = in_children(fingerprint_images, tuple(reversed(shards_of(folder, per_shard=3))), jobs=2)
    assert one.fingerprints == two.fingerprints
    assert [found.img_id for found in one.fingerprints] == sorted(["bad", *(f"id{n}" for n in range(COUNT))])
    assert {found.problem for found in one.fingerprints} == {None, "not_an_image"}


def test_progress_counts_every_image_once(folder: Path, tmp_path: Path) -> None:
    for _ in range(2):
        steps: list[int] = []
        with FingerprintCache(tmp_path / "cache") as cache:
            in_children(fingerprint_images, shards_of(folder), jobs=1, cache=cache, on_progress=steps.append)
        assert sum(steps) == COUNT + 1


def test_second_run_takes_everything_from_the_cache(folder: Path, tmp_path: Path) -> None:
    with FingerprintCache(tmp_path / "cache") as cache:
        first = in_children(fingerprint_images, shards_of(folder), jobs=1, cache=cache)
        second = in_children(fingerprint_images, shards_of(folder), jobs=1, cache=cache)
    assert (first.from_cache, second.from_cache) == (0, COUNT + 1)
    assert first.fingerprints == second.fingerprints


def test_changed_file_is_read_again_though_size_and_time_are_the_same(folder: Path, tmp_path: Path) -> None:
    path = folder / "images" / "id1.jpg"
    with FingerprintCache(tmp_path / "cache") as cache:
        first = in_children(fingerprint_images, shards_of(folder), jobs=1, cache=cache)
        before = path.stat()
        other = encoded(frame(200, 160, seed=99))
        data = other[: before.st_size] if len(other) > before.st_size else other + b"\0" * (before.st_size - len(other))
        path.write_bytes(data)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        second = in_children(fingerprint_images, shards_of(folder), jobs=1, cache=cache)
    assert second.from_cache == COUNT
    changed = [a.img_id for a, b in zip(first.fingerprints, second.fingerprints, strict=True) if a != b]
    assert changed == ["id1"]


def test_new_image_costs_itself(folder: Path, tmp_path: Path) -> None:
    with FingerprintCache(tmp_path / "cache") as cache:
        in_children(fingerprint_images, shards_of(folder), jobs=1, cache=cache)
        (folder / "images" / "new.jpg").write_bytes(encoded(frame(200, 160, seed=50)))
        second = in_children(fingerprint_images, shards_of(folder), jobs=1, cache=cache)
    assert second.from_cache == COUNT + 1
    assert "new" in [found.img_id for found in second.fingerprints]


def test_moved_dataset_is_read_but_not_decoded(folder: Path, tmp_path: Path) -> None:
    with FingerprintCache(tmp_path / "cache") as cache:
        first = in_children(fingerprint_images, shards_of(folder), jobs=1, cache=cache)
        # A mark that only the cache can give: decoding would measure the brightness anew.
        cache.keep([replace(one, brightness=12345) for one in first.fingerprints if one.problem is None], [])
        moved = folder.rename(tmp_path / "moved")
        second = in_children(fingerprint_images, shards_of(moved), jobs=1, cache=cache)
    assert second.from_cache == 0
    assert {found.brightness for found in second.fingerprints if found.problem is None} == {12345}


@dataclass(frozen=True)
class Repeating:
    """A shard as of a table whose rows carry their picture: after its images the digests of other pictures."""

    ids: tuple[str, ...]
    others: tuple[str, ...]

    def read(self) -> Iterator[RawImage]:
        for number, img_id in enumerate(self.ids):
            yield RawImage(img_id, f"table#{number}", encoded(frame(150, 150, seed=number)))
        for img_id in self.others:
            yield RawImage(img_id, "table#77", b"", "repeated", "0" * 64)

    def pick(self, ids: Collection[str]) -> Iterator[RawImage]:
        return (raw for raw in self.read() if raw.img_id in ids)

    def places(self) -> dict[str, ImagePlace]:
        return {}


def test_two_pictures_for_one_id_are_a_fault_and_no_image() -> None:
    steps: list[int] = []
    found = in_children(fingerprint_images, [Repeating(("a", "b"), ("a",))], jobs=1, on_progress=steps.append)
    assert [one.img_id for one in found.fingerprints] == ["a", "b"]
    assert [(fault.kind, fault.img_id) for fault in found.faults] == [("two_pictures_for_one_id", "a")]
    assert sum(steps) == 2


def test_no_shards_start_no_process() -> None:
    assert in_children(fingerprint_images, (), jobs=2).fingerprints == ()
