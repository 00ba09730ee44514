"""Shards of images come in; which kinds of personal facts can be read in each of them, sorted by id, goes out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from kvqa_audit.engine.local import LocalPool
from kvqa_audit.images.decode import decode
from kvqa_audit.ingest.dataset import REPEATED, ImageShard, RawImage
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


@dataclass(frozen=True, slots=True)
class ReadTask:
    """The images of these ids in one shard."""

    shard: ImageShard
    ids: frozenset[str]


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
    wanted = frozenset(ids)
    found: dict[str, BurnedIn] = {}
    with LocalPool(jobs, item_timeout_seconds=item_timeout_seconds, memory_mb=memory_mb) as pool:
        tasks = [ReadTask(shard, held) for shard in shards if (held := wanted.intersection(shard.ids))]
        for answer in pool.map_unordered(read_task, tasks):
            if answer.value is not None and answer.value.img_id not in found:
                found[answer.value.img_id] = answer.value
                if on_progress is not None:
                    on_progress(1)
        _one_by_one(pool, tasks, found, on_progress)
    return tuple(found[img_id] for img_id in sorted(found))


def _one_by_one(
    pool: LocalPool, tasks: Sequence[ReadTask], found: dict[str, BurnedIn], on_progress: Callable[[int], None] | None
) -> None:
    """Names the images that tasks have lost, by reading each that is left by itself."""
    alone = [ReadTask(task.shard, frozenset([one])) for task in tasks for one in sorted(task.ids.difference(found))]
    left = {img_id for task in alone for img_id in task.ids}
    problems: dict[str, str] = {}
    for answer in pool.map_unordered(read_task, alone):
        (img_id,) = answer.task.ids
        if answer.value is not None:
            found[img_id] = answer.value
        elif answer.failure is not None:
            problems.setdefault(img_id, answer.failure.kind)
    for img_id in left.difference(found):
        found[img_id] = BurnedIn(img_id, problem=problems.get(img_id, "unreadable"))
    if left and on_progress is not None:
        on_progress(len(left))


def read_task(task: ReadTask, done: frozenset[int]) -> Iterator[BurnedIn]:
    """What can be read in one task's images, without those at the positions `done`."""
    images = (raw for raw in task.shard.pick(task.ids) if raw.problem != REPEATED)
    for position, raw in enumerate(images):
        if position not in done:
            yield read_image(raw)


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
