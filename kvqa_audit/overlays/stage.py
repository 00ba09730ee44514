"""Shards of images come in; what was drawn over each of them, sorted by id, goes out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from kvqa_audit.engine.local import Failure, LocalPool
from kvqa_audit.images.decode import decode
from kvqa_audit.ingest.dataset import REPEATED, ImageShard, RawImage
from kvqa_audit.overlays.box import find_box
from kvqa_audit.overlays.colour import hues_of
from kvqa_audit.overlays.kept import KeptOverlays
from kvqa_audit.overlays.planes import Picture
from kvqa_audit.overlays.sighting import ImageOverlays
from kvqa_audit.overlays.text import find_text

READ_MIN_SIDE_PX = 400


def find_overlays(
    shards: Sequence[ImageShard],
    ids: Collection[str],
    *,
    jobs: int,
    kept: KeptOverlays | None = None,
    digests: Mapping[str, str] | None = None,
    on_progress: Callable[[int], None] | None = None,
    item_timeout_seconds: float = 20.0,
    memory_mb: int = 2048,
) -> tuple[ImageOverlays, ...]:
    """Looks for boxes, text and hues in some images, in guarded children; an image that harms its child costs itself.

    Args:
        shards: references to the images; the bytes are opened by the children.
        ids: the images to look at; others are not decoded.
        jobs: how many children.
        kept: what earlier runs saw; None looks at every image.
        digests: image id → SHA-256 of its bytes, by which is kept and found what was seen.
        on_progress: is told how many more images are done.
        item_timeout_seconds: how long one image may take.
        memory_mb: how much memory a child may use.

    Raises:
        WorkerError: no child can be started.
    """
    known_digests = {img_id: digests[img_id] for img_id in ids if img_id in digests} if digests is not None else {}
    found = kept.find(known_digests) if kept is not None else {}
    if found and on_progress is not None:
        on_progress(len(found))
    wanted = frozenset(ids).difference(found)
    tasks = [OverlayTask(shard, held) for shard in shards if (held := wanted.intersection(shard.ids))]
    if tasks:
        with LocalPool(jobs, item_timeout_seconds=item_timeout_seconds, memory_mb=memory_mb) as pool:
            for task in _work(pool, tasks, found, on_progress):
                _one_by_one(pool, task, found, on_progress)
        if kept is not None:
            kept.keep((found[img_id] for img_id in wanted.intersection(found)), known_digests)
    return tuple(found[img_id] for img_id in sorted(found))


@dataclass(frozen=True, slots=True)
class OverlayTask:
    """The images of these ids in one shard."""

    shard: ImageShard
    ids: frozenset[str]


def overlay_task(task: OverlayTask, done: frozenset[int]) -> Iterator[ImageOverlays]:
    """What was seen in one task's images, in the order they are read, without those at the positions `done`."""
    images = (raw for raw in task.shard.pick(task.ids) if raw.problem != REPEATED)
    for position, raw in enumerate(images):
        if position not in done:
            yield look_at(raw)


def look_at(raw: RawImage) -> ImageOverlays:
    """What was seen in one image.

    Raises:
        MemoryError: the decoder ran out of memory.
    """
    if raw.problem is not None:
        return ImageOverlays(raw.img_id, problem=raw.problem)
    decoded = decode(raw.data, READ_MIN_SIDE_PX)
    if (rgb := decoded.rgb) is None:
        return ImageOverlays(raw.img_id, problem=decoded.problem)
    picture = Picture(rgb)
    text, box = find_text(picture), find_box(picture)
    covered = [region for one in (box, text) if one.is_seen for region in one.regions]
    return ImageOverlays(raw.img_id, box, text, hues_of(picture.half, covered))


def _work(
    pool: LocalPool,
    tasks: Sequence[OverlayTask],
    found: dict[str, ImageOverlays],
    on_progress: Callable[[int], None] | None,
) -> list[OverlayTask]:
    """Does the tasks, and gives those that lost an image."""
    lost: dict[OverlayTask, None] = {}
    for answer in pool.map_unordered(overlay_task, tasks):
        if answer.value is None:
            lost[answer.task] = None
        elif answer.value.img_id not in found:
            found[answer.value.img_id] = answer.value
            if on_progress is not None:
                on_progress(1)
    return list(lost)


def _one_by_one(
    pool: LocalPool,
    task: OverlayTask,
    found: dict[str, ImageOverlays],
    on_progress: Callable[[int], None] | None,
) -> None:
    """Names the images that a task has lost, by working on each that is left by itself."""
    for img_id in sorted(task.ids.difference(found)):
        failure: Failure | None = None
        for answer in pool.map_unordered(overlay_task, [OverlayTask(task.shard, frozenset([img_id]))]):
            failure = failure or answer.failure
            if answer.value is not None:
                found[img_id] = answer.value
        if img_id not in found:
            found[img_id] = ImageOverlays(img_id, problem=failure.kind if failure else "unreadable")
        if on_progress is not None:
            on_progress(1)
