"""Fingerprints come in; they go out with a digest of the full picture where another file may hold the same one."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from kvqa_audit.engine.executor import Executor
from kvqa_audit.images.each import PickedImages, for_each_image
from kvqa_audit.images.full_pixels import full_pixel_digest
from kvqa_audit.ingest.dataset import ImageShard
from kvqa_audit.model import ImageFingerprint


@dataclass(frozen=True, slots=True)
class FullPicture:
    """What one full decode tells: the SHA-256 of the bytes that were read, and the digest of all their pixels."""

    img_id: str
    sha256: str
    digest: str | None


def full_pictures(task: PickedImages, done: frozenset[int]) -> Iterator[FullPicture]:
    """The full digests of some images of a shard, in the order they are read."""
    for raw in task.read(done):
        yield FullPicture(raw.img_id, hashlib.sha256(raw.data).hexdigest(), full_pixel_digest(raw.data))


def nominated(fingerprints: Sequence[ImageFingerprint]) -> frozenset[str]:
    """The SHA-256 of every file that shows, as far as its reduced grey tells, the picture of a different file."""
    alike: dict[tuple[str, int | None, int | None, str | None], set[str]] = defaultdict(set)
    for one in fingerprints:
        if one.pixel_digest and one.sha256:
            alike[one.pixel_digest, one.width, one.height, one.mode].add(one.sha256)
    return frozenset(sha256 for files in alike.values() if len(files) > 1 for sha256 in files)


def confirmed(
    pool: Executor, shards: Sequence[ImageShard], fingerprints: Sequence[ImageFingerprint]
) -> tuple[tuple[ImageFingerprint, ...], tuple[ImageFingerprint, ...]]:
    """Decodes one image of each nominated file in full; `full_pixel_digest` is set for those and for no others.

    So it hangs on the images of this run alone, whatever an earlier run has left in the cache. An image that harms
    its child, or has changed since its fingerprint was taken, has none.

    Returns:
        All fingerprints, in their order, and one for each file that was decoded now.

    Raises:
        WorkerError: no child can be started.
    """
    files = nominated(fingerprints)
    known = {one.sha256: one.full_pixel_digest for one in fingerprints if one.sha256 and one.full_pixel_digest}
    unknown = {one.sha256: one.img_id for one in reversed(fingerprints) if one.sha256 in files.difference(known)}
    new = _decoded(pool, shards, {img_id: sha256 for sha256, img_id in unknown.items() if sha256})
    known.update(new)
    whole = tuple(_with(one, known.get(one.sha256 or "") if one.sha256 in files else None) for one in fingerprints)
    return whole, tuple({one.sha256: one for one in whole if one.sha256 in new}.values())


def _with(one: ImageFingerprint, digest: str | None) -> ImageFingerprint:
    return one if one.full_pixel_digest == digest else replace(one, full_pixel_digest=digest)


def _decoded(pool: Executor, shards: Sequence[ImageShard], wanted: Mapping[str, str]) -> dict[str, str]:
    """SHA-256 → digest of the images `wanted`, which are named by id with the SHA-256 that they should have."""
    seen = for_each_image(
        full_pictures,
        shards,
        wanted,
        harmed=lambda img_id, _: FullPicture(img_id, wanted[img_id], None),
        pool=pool,
        on_progress=None,
    )
    return {one.sha256: one.digest for one in seen.values() if one.digest and one.sha256 == wanted[one.img_id]}
