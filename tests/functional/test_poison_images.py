"""One poison image in a real folder costs itself: it is named, all others are fingerprinted, a later run goes on."""

from __future__ import annotations

import io
import os
import shutil
import signal
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kvqa_audit.cache.fingerprints import FingerprintCache
from kvqa_audit.duplicates.find import find_duplicates
from kvqa_audit.images.fingerprint_stage import fingerprint_images
from kvqa_audit.ingest.dataset import RawImage
from kvqa_audit.ingest.image_folder import FolderShard, list_images
from kvqa_audit.ingest.image_place import ImagePlace
from tests.children import in_children
from tests.processes import GIVE_UP_SECONDS, interruptible, wait_until

SOUND = 12


@dataclass(frozen=True)
class Spiked:
    """A folder's shard that does harm in the middle of the image `poison`, as a decoder with a hole would."""

    inner: FolderShard
    poison: str
    harm: str
    once: str | None = None

    @property
    def ids(self) -> tuple[str, ...]:
        return self.inner.ids

    def read(self) -> Iterator[RawImage]:
        return self.pick(self.ids)

    def pick(self, ids: Collection[str]) -> Iterator[RawImage]:
        for raw in self.inner.pick(ids):
            if raw.img_id == self.poison:
                self._do_harm()
            yield raw

    def places(self) -> dict[str, ImagePlace]:
        return self.inner.places()

    def _do_harm(self) -> None:
        if self.once is not None:
            if Path(self.once).exists():
                return
            Path(self.once).touch()
        if self.harm == "hang":
            time.sleep(3600)
        # SIGALRM is what a child's own alarm ends it with when an image takes too long.
        os.kill(os.getpid(), getattr(signal, self.harm))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "data" / "images"
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for number in range(SOUND):
        pixels = rng.integers(40, 200, (20, 24, 3), dtype=np.uint8)
        Image.fromarray(pixels).resize((240, 200)).save(folder / f"id{number:02}.jpg")
    time.sleep(0.05)
    return tmp_path / "data"


def folder_shards(root: Path) -> tuple[FolderShard, ...]:
    return list_images(root).shards


def huge_png(side_px: int) -> bytes:
    """An honest PNG that is small as a file and large as a picture."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    packer, body = zlib.compressobj(1), io.BytesIO()
    row = bytes(1 + 3 * side_px)
    for _ in range(side_px):
        body.write(packer.compress(row))
    body.write(packer.flush())
    header = struct.pack(">IIBBBBB", side_px, side_px, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body.getvalue()) + chunk(b"IEND", b"")


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize(("harm", "problem"), [("SIGSEGV", "decoder_crashed"), ("SIGALRM", "decoder_hung")])
def test_crash_or_hang_costs_one_image(root: Path, harm: str, problem: str, jobs: int) -> None:
    shards = [Spiked(shard, "id05", harm) for shard in folder_shards(root)]
    clean = in_children(fingerprint_images, folder_shards(root), jobs=1)
    found = in_children(fingerprint_images, shards, jobs=jobs)
    assert [one.img_id for one in found.fingerprints if one.problem] == ["id05"]
    (bad,) = [one for one in found.fingerprints if one.problem]
    assert bad.problem == problem
    assert bad.detail
    assert [one for one in found.fingerprints if not one.problem] == [
        one for one in clean.fingerprints if one.img_id != "id05"
    ]


def test_real_memory_bomb_costs_one_image_and_is_named_with_its_path(root: Path) -> None:
    (root / "images" / "bomb.png").write_bytes(huge_png(12_000))
    found = in_children(fingerprint_images, folder_shards(root), jobs=1, memory_mb=300)
    (bad,) = [one for one in found.fingerprints if one.problem]
    assert (bad.img_id, bad.path, bad.problem) == ("bomb", "images/bomb.png", "decoder_out_of_memory")
    assert bad.sha256 is not None
    assert len(found.fingerprints) == SOUND + 1


def test_real_endless_decode_is_ended_and_named(tmp_path: Path) -> None:
    # Alone in its folder, because on a busy machine a sound image might take as long as this one is given.
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "slow.png").write_bytes(huge_png(12_000))
    found = in_children(fingerprint_images, folder_shards(tmp_path), jobs=1, item_timeout_seconds=0.15)
    (bad,) = found.fingerprints
    assert (bad.img_id, bad.path, bad.problem) == ("slow", "images/slow.png", "decoder_hung")


def test_bomb_beyond_the_pixel_limit_is_not_decoded_at_all(root: Path) -> None:
    small = huge_png(8)
    header = b"IHDR" + struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    claimed = small[:12] + header + struct.pack(">I", zlib.crc32(header)) + small[33:]
    (root / "images" / "bomb.png").write_bytes(claimed)
    found = in_children(fingerprint_images, folder_shards(root), jobs=1)
    assert [(one.img_id, one.problem) for one in found.fingerprints if one.problem] == [("bomb", "too_large")]


def test_worker_killed_from_outside_loses_nothing(root: Path, tmp_path: Path) -> None:
    shards = [Spiked(shard, "id05", "SIGKILL", once=str(tmp_path / "mark")) for shard in folder_shards(root)]
    found = in_children(fingerprint_images, shards, jobs=2)
    assert (tmp_path / "mark").exists()
    assert found.fingerprints == in_children(fingerprint_images, folder_shards(root), jobs=1).fingerprints


@dataclass(frozen=True)
class SpikedLater(Spiked):
    """Does its harm from the second time on that the poison image is read."""

    def _do_harm(self) -> None:
        mark = Path(self.once or "")
        if mark.exists():
            os.kill(os.getpid(), getattr(signal, self.harm))
        mark.touch()


@pytest.mark.parametrize("harm", ["SIGSEGV", "SIGKILL"])
def test_poison_met_by_the_full_decode_costs_one_pair(root: Path, tmp_path: Path, harm: str) -> None:
    for name in ("id05", "id06", "id07"):
        data = (root / "images" / f"{name}.jpg").read_bytes()
        (root / "images" / f"{name}_again.jpg").write_bytes(data[:2] + b"\xff\xfe\x00\x04hi" + data[2:])
    shards = [SpikedLater(shard, "id05_again", harm, once=str(tmp_path / "mark")) for shard in folder_shards(root)]
    clean = in_children(fingerprint_images, folder_shards(root)).fingerprints
    found = in_children(fingerprint_images, shards, jobs=2).fingerprints
    assert found == tuple(replace(one, full_pixel_digest=None) if one.img_id == "id05_again" else one for one in clean)
    pairs = {(pair.left, pair.right): pair.tier.value for pair in find_duplicates(found, mode="exact").pairs}
    assert pairs == {(name, f"{name}_again"): "identical-pixels" for name in ("id06", "id07")}


def test_poison_is_not_kept_in_the_cache_and_the_rest_is(root: Path, tmp_path: Path) -> None:
    shards = [Spiked(shard, "id05", "SIGALRM") for shard in folder_shards(root)]
    with FingerprintCache(tmp_path / "cache") as cache:
        first = in_children(fingerprint_images, shards, jobs=1, cache=cache)
        assert [one.img_id for one in first.fingerprints if one.problem == "decoder_hung"] == ["id05"]
        assert stored(cache.path) == SOUND - 1
        second = in_children(fingerprint_images, folder_shards(root), jobs=1, cache=cache)
        assert stored(cache.path) == SOUND
    assert [one.problem for one in second.fingerprints if one.img_id == "id05"] == [None]


STOPPED = """
import sys
from pathlib import Path
from kvqa_audit.images import fingerprint_stage as stage
from kvqa_audit.engine.local import LocalPool
from kvqa_audit.cache.fingerprints import FingerprintCache
from kvqa_audit.ingest.image_folder import FolderShard, list_images
sys.path[:0] = [{here!r}]
from test_poison_images import Spiked, folder_shards
stage._KEEP_AFTER_IMAGES = 1
(shard,) = folder_shards(Path({root!r}))
parts = [FolderShard(shard.root, shard.files[:8]), Spiked(FolderShard(shard.root, shard.files[8:]), "id08", "hang")]
with FingerprintCache(Path({cache!r})) as cache:
    done = []
    def tell(count):
        done.append(count)
        if sum(done) == 8:
            print("eight", flush=True)
    with LocalPool(1, item_timeout_seconds=0) as pool:
        stage.fingerprint_images(parts, pool=pool, cache=cache, on_progress=tell)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_stopped_run_ends_and_a_later_run_goes_on_from_its_cache(
    root: Path, tmp_path: Path, number: signal.Signals
) -> None:
    script = STOPPED.format(here=str(Path(__file__).parent), root=str(root), cache=str(tmp_path / "cache"))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        interruptible("-c", script), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "eight\n"
        (database,) = (tmp_path / "cache").glob("fingerprints-*.sqlite")
        wait_until(lambda: stored(database) == 8)
        process.send_signal(number)
        _, errors = process.communicate(timeout=GIVE_UP_SECONDS)
        assert process.returncode != 0
        assert number is not signal.SIGINT or "KeyboardInterrupt" in errors
    kept = root.with_name("elsewhere")
    shutil.copytree(root, kept)
    with FingerprintCache(tmp_path / "cache") as cache:
        assert cache.notes == []
        assert stored(cache.path) == 8
        assert len(in_children(fingerprint_images, folder_shards(kept), jobs=1, cache=cache).fingerprints) == SOUND
        assert stored(cache.path) == SOUND


def stored(path: Path) -> int:
    import sqlite3

    database = sqlite3.connect(path)
    (count,) = database.execute("SELECT count(*) FROM fingerprints").fetchone()
    database.close()
    return int(count)
