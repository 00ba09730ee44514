"""References to more images than memory holds fingerprints of come in; these go out, one by one, by way of files.

A task is a shard of images: whoever works on it writes their fingerprints into one file, under a name that hangs on
which images these are, their stamps and the algorithms, and gives back their number alone. What a killed run has
written is not done again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from kvqa_audit.artifacts.fingerprint_files import ENDING, FingerprintFiles
from kvqa_audit.cache.fingerprints import version_of
from kvqa_audit.engine.executor import Executor
from kvqa_audit.images.confirm import confirmed
from kvqa_audit.images.each import PickedImages
from kvqa_audit.images.fingerprint import ALGORITHM, decoder
from kvqa_audit.images.fingerprint_stage import fingerprint_images, fingerprint_task
from kvqa_audit.ingest.dataset import REPEATED, ImageShard
from kvqa_audit.model import ImageFingerprint

_SECONDS_AN_IMAGE = 20.0
_LOOKS = ("pixel_digest", "width", "height", "mode", "problem")


@dataclass(frozen=True, slots=True)
class ShardTask:
    """A shard, and where its fingerprints go."""

    shard: ImageShard
    files: FingerprintFiles
    name: str

    @property
    def local_paths(self) -> tuple[str, ...]:
        return (*self.shard.local_paths, *self.files.local_folders)


def fingerprints_in_shards(
    shards: Sequence[ImageShard],
    files: FingerprintFiles,
    *,
    pool: Executor,
    on_progress: Callable[[int], None] | None = None,
) -> Iterator[ImageFingerprint]:
    """The fingerprints that `fingerprint_images` takes, shard by shard, read out of files as they are asked for.

    Args:
        shards: references to the images.
        files: where the fingerprints are written, and stay.
        pool: whoever opens the images.
        on_progress: is told how many more images are done.

    Raises:
        ArtifactError: a file of fingerprints is damaged.
        OutputError: the fingerprints cannot be kept.
        WorkerError: no worker can be started.
    """
    version = version_of(decoder(), ALGORITHM)
    named = [_named(shard, version) for shard in shards]
    names = [name for name, _ in named]
    there = files.names().intersection(name for name, is_sure in named if is_sure)
    _write(shards, names, there, files, pool, on_progress or _nobody)
    full = _full_digests(shards, partial(files.read, names, _LOOKS), pool)
    found = (one for one in files.read(names) if one.problem != REPEATED)
    return (replace(one, full_pixel_digest=full.get(one.img_id)) for one in found)


def _write(
    shards: Sequence[ImageShard],
    names: Sequence[str],
    there: Collection[str],
    files: FingerprintFiles,
    pool: Executor,
    on_progress: Callable[[int], None],
) -> None:
    """Writes the fingerprints of each shard into the file of its name, but for those that are there."""
    on_progress(sum(len(shard.ids) for shard, name in zip(shards, names, strict=True) if name in there))
    tasks = (ShardTask(shard, files, name) for shard, name in zip(shards, names, strict=True) if name not in there)
    limit = _SECONDS_AN_IMAGE * max((len(shard.ids) for shard in shards), default=0)
    harmed: list[ShardTask] = []
    for answer in pool.map_unordered(write_fingerprints, tasks, item_timeout_seconds=limit):
        if answer.value is None:
            harmed.append(answer.task)
        else:
            on_progress(answer.value)
    for task in harmed:  # image by image, so that only the one that does the harm is lost
        found = fingerprint_images([task.shard], pool=pool, on_progress=on_progress).fingerprints
        files.write(task.name, found)


def write_fingerprints(task: ShardTask, done: frozenset[int]) -> Iterator[int]:
    """Takes the fingerprints of one shard, in a child, and gives the number of its images."""
    if not done:
        ids = frozenset(task.shard.ids)
        task.files.write(task.name, list(fingerprint_task(PickedImages(task.shard, ids), frozenset(), None)))
        yield len(ids)


def _named(shard: ImageShard, version: str) -> tuple[str, bool]:
    """The name of a shard's file, and whether it is another one wherever an image has changed."""
    places = shard.places()
    of_images = [(img_id, places.get(img_id)) for img_id in shard.ids]
    digest = hashlib.sha256(repr((version, shard, of_images)).encode("utf-8", "surrogatepass"))
    return f"{digest.hexdigest()[:40]}{ENDING}", all(place for _, place in of_images)


def _full_digests(
    shards: Sequence[ImageShard], read: Callable[[], Iterator[ImageFingerprint]], pool: Executor
) -> Mapping[str, str]:
    """Image id → the digest of all its pixels, where another file may show the same picture (see images.confirm)."""
    seen: set[int] = set()
    again: set[int] = set()
    for one in read():
        look = _look(one)
        (again if look in seen else seen).add(look)
    if not again:
        return {}
    alike = [one for one in read() if one.pixel_digest and one.problem != REPEATED and _look(one) in again]
    whole, _ = confirmed(pool, shards, alike)
    return {one.img_id: one.full_pixel_digest for one in whole if one.full_pixel_digest}


def _look(one: ImageFingerprint) -> int:
    return hash((one.pixel_digest, one.width, one.height, one.mode))


def _nobody(_images: int) -> None:
    """Told how many images are done where nobody asks."""
