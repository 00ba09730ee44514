"""Fingerprints in files, one a task: the same duplicates, whatever was killed, harmed or changed meanwhile."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from kvqa_audit.artifacts.fingerprint_files import ENDING, FingerprintFiles
from kvqa_audit.demo import draw_demo
from kvqa_audit.engine.local import LocalPool
from kvqa_audit.images.fingerprint_stage import fingerprint_images
from kvqa_audit.ingest.dataset import ImageShard, RawImage
from kvqa_audit.ingest.image_folder import FolderShard, list_images
from kvqa_audit.ingest.image_place import ImagePlace
from kvqa_audit.pipeline.fingerprints_in_shards import fingerprints_in_shards
from tests.functional.conftest import Program
from tests.lookalikes import jpeg
from tests.s3_server import running_s3

MORE_PICTURES = 140


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo dataset with copies of all kinds, and more pictures, so that there are several shards."""
    folder = tmp_path_factory.mktemp("drawn") / "dataset"
    draw_demo(folder)
    images = folder / "images"
    for number in range(MORE_PICTURES):
        (images / f"more{number:03d}.jpg").write_bytes(jpeg(number))
    (images / "broken.jpg").write_bytes(jpeg(1)[:-700])
    (images / os.fsdecode(b"not-utf-8-\xff.jpg")).write_bytes(jpeg(2))
    return folder


@pytest.fixture(scope="module")
def expected(source: Path, program: Program, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The duplicates as they are found without such files."""
    return duplicates(program, source, tmp_path_factory.mktemp("expected"), "--no-cache")


def duplicates(program: Program, source: Path, out: Path, *options: str | Path) -> bytes:
    done = program("duplicates", source, "--out", out, "--jobs", "2", *options)
    assert done.returncode == 1, done.stderr
    return (out / "duplicates.parquet").read_bytes()


def states(folder: Path) -> dict[str, tuple[int, int]]:
    return {file.name: (file.stat().st_ino, file.stat().st_mtime_ns) for file in folder.glob(f"*{ENDING}")}


def test_the_same_duplicates_are_found(source: Path, expected: bytes, program: Program, tmp_path: Path) -> None:
    assert duplicates(program, source, tmp_path / "out", "--shards", tmp_path / "shards") == expected
    assert len(states(tmp_path / "shards")) > 2
    assert (tmp_path / "shards").stat().st_mode & 0o077 == 0


def test_a_killed_run_is_gone_on_with(source: Path, expected: bytes, program: Program, tmp_path: Path) -> None:
    shards = tmp_path / "shards"
    command = [sys.executable, "-m", "kvqa_audit", "duplicates", str(source), "--shards", str(shards), "--jobs", "1"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as killed:
        while not states(shards) and killed.poll() is None:
            time.sleep(0.01)
        killed.send_signal(signal.SIGKILL)
    before = states(shards)
    assert before
    assert duplicates(program, source, tmp_path / "out", "--shards", shards) == expected
    after = states(shards)
    assert {name: after[name] for name in before} == before


def test_only_the_shard_of_a_changed_image_is_done_again(program: Program, tmp_path: Path) -> None:
    images, shards = tmp_path / "images", tmp_path / "shards"
    images.mkdir()
    for number in range(MORE_PICTURES):
        (images / f"more{number:03d}.jpg").write_bytes(jpeg(number))
    time.sleep(0.05)  # a file that is younger than a tick of the clock cannot be told from a later one
    assert program("duplicates", images, "--shards", shards).returncode == 0
    before = states(shards)
    (images / "more100.jpg").write_bytes(jpeg(99))
    time.sleep(0.05)
    assert "more099  more100  identical-bytes" in program("duplicates", images, "--shards", shards).stdout
    after = states(shards)
    assert {name: after[name] for name in before} == before
    assert len(after) == len(before) + 1


@dataclass(frozen=True)
class Harmful:
    """A shard of which one image kills whoever decodes it."""

    inner: FolderShard
    harmful: str

    @property
    def ids(self) -> tuple[str, ...]:
        return self.inner.ids

    @property
    def local_paths(self) -> tuple[str, ...]:
        return self.inner.local_paths

    def read(self) -> Iterator[RawImage]:
        return self.pick(self.ids)

    def pick(self, ids: Collection[str]) -> Iterator[RawImage]:
        for raw in self.inner.pick(ids):
            if raw.img_id == self.harmful:
                os._exit(1)
            yield raw

    def places(self) -> dict[str, ImagePlace]:
        return self.inner.places()


def test_an_image_that_kills_its_worker_costs_itself_alone(source: Path, tmp_path: Path) -> None:
    folder = list_images(source / "images")
    shards: list[ImageShard] = [
        Harmful(shard, "more070") if isinstance(shard, FolderShard) else shard for shard in folder.shards
    ]
    files = FingerprintFiles(str(tmp_path / "shards"))
    with LocalPool(2) as pool:
        expected = fingerprint_images(shards, pool=pool).fingerprints
        found = list(fingerprints_in_shards(shards, files, pool=pool))
    assert sorted(found, key=lambda one: (one.img_id, one.path)) == list(expected)
    assert [one.problem for one in found if one.img_id == "more070"] == ["decoder_crashed"]


def test_they_go_to_object_storage(
    source: Path, expected: bytes, program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket = tmp_path / "buckets" / "bucket"
    bucket.mkdir(parents=True)
    with running_s3(tmp_path / "buckets") as settings:
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        assert duplicates(program, source, tmp_path / "out", "--shards", "s3://bucket/shards") == expected
        before = states(bucket / "shards")
        assert len(before) > 2
        assert duplicates(program, source, tmp_path / "out", "--shards", "s3://bucket/shards") == expected
        assert states(bucket / "shards") == before


def test_what_is_no_shard_and_no_folder_is_named(source: Path, program: Program, tmp_path: Path) -> None:
    shards = tmp_path / "shards"
    duplicates(program, source, tmp_path / "out", "--shards", shards)
    damaged = sorted(shards.iterdir())[1]
    damaged.write_bytes(b"PAR1" + damaged.read_bytes()[:90])
    told = program("duplicates", source, "--shards", shards)
    assert told.returncode == 2
    assert f"{damaged}: holds no fingerprints" in told.stderr.replace("\n", "")
    assert "Remove it, and it is made anew" in told.stderr.replace("\n", " ")
    (tmp_path / "file").write_text("")
    told = program("duplicates", source, "--shards", tmp_path / "file" / "below")
    assert told.returncode == 2
    assert "no fingerprints can be kept there" in told.stderr.replace("\n", " ")
