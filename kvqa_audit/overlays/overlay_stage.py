"""Shards of images come in; what was drawn over each of them, sorted by id, goes out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from kvqa_audit.cache.texts import Cache
from kvqa_audit.engine.executor import Executor
from kvqa_audit.images.decode import decode
from kvqa_audit.images.each import PickedImages, for_each_image
from kvqa_audit.ingest.dataset import ImageShard, RawImage
from kvqa_audit.overlays.box import find_box
from kvqa_audit.overlays.colour import hues_of
from kvqa_audit.overlays.detection import ImageOverlays
from kvqa_audit.overlays.overlay_cache import keep_overlays, known_overlays
from kvqa_audit.overlays.planes import PicturePlanes
from kvqa_audit.overlays.text import find_text

READ_MIN_SIDE_PX = 400


def find_overlays(
    shards: Sequence[ImageShard],
    ids: Collection[str],
    *,
    pool: Executor,
    cache: Cache | None = None,
    digests: Mapping[str, str] | None = None,
    on_progress: Callable[[int], None] | None = None,
) -> tuple[ImageOverlays, ...]:
    """Looks for boxes, text and hues in some images, in guarded children; an image that harms its child costs itself.

    Args:
        shards: references to the images; the bytes are opened by the children.
        ids: the images to look at; others are not decoded.
        pool: the children, and how long one image may take them.
        cache: what earlier runs saw; None looks at every image.
        digests: image id → SHA-256 of its bytes, by which is kept and found what was seen.
        on_progress: is told how many more images are done.

    Raises:
        WorkerError: no child can be started.
    """
    known_digests = {img_id: digests[img_id] for img_id in ids if img_id in digests} if digests is not None else {}
    found = known_overlays(cache, known_digests) if cache is not None else {}
    if found and on_progress is not None:
        on_progress(len(found))
    fresh = for_each_image(
        overlay_task,
        shards,
        frozenset(ids).difference(found),
        lambda img_id, failure: ImageOverlays(img_id, problem=failure.kind),
        pool=pool,
        on_progress=on_progress,
    )
    if cache is not None and fresh:
        keep_overlays(cache, fresh.values(), known_digests)
    found.update(fresh)
    return tuple(found[img_id] for img_id in sorted(found))


def overlay_task(task: PickedImages, done: frozenset[int]) -> Iterator[ImageOverlays]:
    """What was seen in one task's images, in the order they are read, without those at the positions `done`."""
    return map(look_at, task.read(done))


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
    picture = PicturePlanes(rgb)
    text, box = find_text(picture), find_box(picture)
    covered = [region for one in (box, text) if one.is_seen for region in one.regions]
    return ImageOverlays(raw.img_id, box, text, hues_of(picture.half, covered))
