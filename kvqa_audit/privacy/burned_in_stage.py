"""Shards of images come in; which kinds of personal facts can be read in each of them, sorted by id, goes out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from kvqa_audit.engine.executor import Executor
from kvqa_audit.images.decode import decode
from kvqa_audit.images.each import PickedImages, for_each_image
from kvqa_audit.ingest.dataset import ImageShard, RawImage
from kvqa_audit.overlays.detection import Region
from kvqa_audit.privacy.identifiers import IDENTIFIERS, identifiers_in
from kvqa_audit.privacy.reader import read_lines

READ_MIN_SIDE_PX = 736
# The loading of the weights by a child's first image included.
READ_TIMEOUT_SECONDS = 120.0


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
    pool: Executor,
    on_progress: Callable[[int], None] | None = None,
) -> tuple[BurnedIn, ...]:
    """Reads the text in some images, in guarded children; an image that harms one costs itself.

    Args:
        shards: references to the images; the bytes are opened by the children.
        ids: the images to read.
        pool: the children.
        on_progress: is told how many more images are done.

    Raises:
        WorkerError: no child can be started.
    """
    found = for_each_image(
        read_task,
        shards,
        ids,
        lambda img_id, failure: BurnedIn(img_id, problem=failure.kind),
        pool=pool,
        item_timeout_seconds=READ_TIMEOUT_SECONDS,
        on_progress=on_progress,
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
