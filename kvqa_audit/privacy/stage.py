"""Shards of images come in; which kinds of personal facts can be read in each of them, sorted by id, goes out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from kvqa_audit.images.decode import decode
from kvqa_audit.images.each import PickedImages, for_each_image
from kvqa_audit.ingest.dataset import ImageShard, RawImage
from kvqa_audit.overlays.sighting import Region
from kvqa_audit.privacy.identifiers import IDENTIFIERS, identifiers_in
from kvqa_audit.privacy.reader import read_lines

READ_MIN_SIDE_PX = 736


@dataclass(frozen=True, slots=True)
class BurnedIn:
    """What can be read in one image: kinds of personal facts and their places, and how many lines there are in all.

    The text itself is not kept. Where the picture could not be read, `problem` says why.
    """

    img_id: str
    categories: tuple[str, ...] = ()
    regions: tuple[Region, ...] = ()
    lines: int = 0
    problem: str | None = None


def find_burned_in(
    shards: Sequence[ImageShard],
    ids: Collection[str],
    *,
    jobs: int,
    on_progress: Callable[[int], None] | None = None,
    item_timeout_seconds: float = 120.0,
    memory_mb: int = 2048,
) -> tuple[BurnedIn, ...]:
    """Reads the text in some images, in guarded children of one thread each; an image that harms one costs itself.

    Args:
        shards: references to the images; the bytes are opened by the children.
        ids: the images to read.
        jobs: how many children.
        on_progress: is told how many more images are done.
        item_timeout_seconds: how long one image may take, the loading of the weights included.
        memory_mb: how much memory a child may use.

    Raises:
        WorkerError: no child can be started.
    """
    found = for_each_image(
        read_task,
        shards,
        ids,
        lambda img_id, failure: BurnedIn(img_id, problem=failure),
        jobs=jobs,
        on_progress=on_progress,
        item_timeout_seconds=item_timeout_seconds,
        memory_mb=memory_mb,
    )
    return tuple(found[img_id] for img_id in sorted(found))


def read_task(task: PickedImages, done: frozenset[int]) -> Iterator[BurnedIn]:
    """What can be read in one task's images, without those at the positions `done`."""
    return map(read_image, task.read(done))


def read_image(raw: RawImage) -> BurnedIn:
    """What can be read in one image.

    Raises:
        MemoryError: the decoder ran out of memory.
    """
    if raw.problem is not None:
        return BurnedIn(raw.img_id, problem=raw.problem)
    decoded = decode(raw.data, READ_MIN_SIDE_PX)
    if decoded.rgb is None:
        return BurnedIn(raw.img_id, problem=decoded.problem)
    lines = read_lines(decoded.rgb)
    hits = [(kinds, line.region) for line in lines if (kinds := identifiers_in(line.text))]
    named = {kind for kinds, _ in hits for kind in kinds}
    categories = tuple(kind for kind in IDENTIFIERS if kind in named)
    return BurnedIn(raw.img_id, categories, tuple(region for _, region in hits), len(lines))
