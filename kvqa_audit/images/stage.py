"""Shards of images come in; the fingerprints of all images, sorted by id, and what is wrong with the files go out."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kvqa_audit.engine.local import Answer, LocalPool
from kvqa_audit.images.fingerprint import ALGORITHM, decoder, fingerprint
from kvqa_audit.ingest.dataset import ImageFault, ImageShard
from kvqa_audit.model import ImageFingerprint

if TYPE_CHECKING:
    from kvqa_audit.images.cache import FingerprintCache

_PROBLEMS = {
    "crashed": "decoder_crashed",
    "hung": "decoder_hung",
    "out_of_memory": "decoder_out_of_memory",
    "raised": "decoder_crashed",
}


@dataclass(frozen=True, slots=True)
class ImageStageResult:
    """The fingerprints, one for each id and sorted by it, the faults of the files, and how many came from the cache."""

    fingerprints: tuple[ImageFingerprint, ...]
    faults: tuple[ImageFault, ...] = ()
    from_cache: int = 0
    seconds: float = 0.0
    notes: tuple[str, ...] = ()


def fingerprint_images(
    shards: Sequence[ImageShard],
    *,
    jobs: int,
    cache: FingerprintCache | None = None,
    on_progress: Callable[[int], None] | None = None,
    item_timeout_seconds: float = 20.0,
    memory_mb: int = 2048,
) -> ImageStageResult:
    """Reads and decodes every image once, in guarded children; the result is the same whatever `jobs` and order.

    Args:
        shards: references to the images; the bytes are opened by the children.
        jobs: how many children.
        cache: fingerprints of earlier runs; None decodes everything.
        on_progress: is told how many more images are done.
        item_timeout_seconds: how long one image may take before it is blamed for hanging the decoder.
        memory_mb: how much memory a child may use before its image is blamed for it.

    Raises:
        WorkerError: no child can be started.
    """
    started = time.perf_counter()
    found: list[ImageFingerprint] = []
    with LocalPool(jobs, item_timeout_seconds=item_timeout_seconds, memory_mb=memory_mb) as pool:
        for answer in pool.map_unordered(fingerprint_shard, shards):
            one = _settled(answer)
            if one is not None:
                found.append(one)
                if on_progress is not None:
                    on_progress(1)
    fingerprints, faults = _one_for_each_id(found)
    return ImageStageResult(fingerprints, faults, 0, time.perf_counter() - started)


def fingerprint_shard(shard: ImageShard, done: frozenset[int]) -> Iterator[ImageFingerprint]:
    """The fingerprints of one shard's images, in the order it reads them, without those at the positions `done`."""
    for position, raw in enumerate(shard.read()):
        if position not in done:
            yield fingerprint(raw)


def _settled(answer: Answer[ImageShard, ImageFingerprint]) -> ImageFingerprint | None:
    if answer.failure is None:
        return answer.value
    ids = answer.task.ids
    if answer.position >= len(ids):
        return None
    img_id = ids[answer.position]
    return ImageFingerprint(
        img_id,
        img_id,
        0,
        None,
        problem=_PROBLEMS[answer.failure.kind],
        detail=answer.failure.detail,
        decoder=decoder(),
        algorithm=ALGORITHM,
    )


def _one_for_each_id(
    found: list[ImageFingerprint],
) -> tuple[tuple[ImageFingerprint, ...], tuple[ImageFault, ...]]:
    kept: dict[str, ImageFingerprint] = {}
    paths: dict[str, set[str]] = {}
    found.sort(key=lambda one: (one.img_id, one.sha256 or "~", one.path))
    for one in found:
        first = kept.setdefault(one.img_id, one)
        if first is not one and first.sha256 != one.sha256:
            paths.setdefault(one.img_id, {first.path}).add(one.path)
    faults = tuple(
        ImageFault(
            "two_pictures_for_one_id", f"the id {img_id} stands for different pictures", img_id, tuple(sorted(where))
        )
        for img_id, where in sorted(paths.items())
    )
    return tuple(kept.values()), faults
