"""Shards, ids and what to do with one image come in; what came of each of these images goes out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol, TypeVar

from kvqa_audit.engine.executor import Executor, Failure, ItemResult, Shared
from kvqa_audit.ingest.dataset import REPEATED, ImageShard, RawImage

_NOT_GIVEN = Failure("unreadable", "the shard does not give this image")


class OfOneImage(Protocol):
    """Something found out about one image."""

    @property
    def img_id(self) -> str: ...


FoundT = TypeVar("FoundT", bound=OfOneImage)


@dataclass(frozen=True, slots=True)
class PickedImages:
    """The images of these ids in one shard."""

    shard: ImageShard
    ids: frozenset[str]

    @property
    def local_paths(self) -> tuple[str, ...]:
        return self.shard.local_paths

    def read(self, done: frozenset[int]) -> Iterator[RawImage]:
        """The images in the order they are read, each once, without those at the positions `done`."""
        images = (raw for raw in self.shard.pick(self.ids) if raw.problem != REPEATED)
        return (raw for position, raw in enumerate(images) if position not in done)

    def read_with_repeats(self, done: frozenset[int]) -> Iterator[RawImage]:
        """As `read`; where the ids are all that the shard has, what it tells of repeated pictures comes after them."""
        whole = len(self.ids) == len(self.shard.ids)
        images = self.shard.read() if whole else self.shard.pick(self.ids)
        return (raw for position, raw in enumerate(images) if position not in done)


def for_each_image(
    function: Callable[..., Iterator[FoundT]],
    shards: Sequence[ImageShard],
    ids: Collection[str],
    harmed: Callable[[str, Failure], FoundT],
    *shared: Shared,
    pool: Executor,
    item_timeout_seconds: float | None = None,
    on_progress: Callable[[int], None] | None = None,
) -> dict[str, FoundT]:
    """Works on some images as `work_on` does, and gives what came of each by its id.

    Args:
        function, harmed, shared, pool, item_timeout_seconds: as for `work_on`.
        shards: references to the images; the bytes are opened by the children.
        ids: the images to work on.
        on_progress: is told how many more images are done.

    Raises:
        WorkerError: no child can be started.
    """
    wanted = frozenset(ids)
    tasks = [PickedImages(shard, held) for shard in shards if (held := wanted.intersection(shard.ids))]
    found: dict[str, FoundT] = {}
    for one in work_on(function, tasks, harmed, *shared, pool=pool, item_timeout_seconds=item_timeout_seconds):
        if one.img_id not in found:
            found[one.img_id] = one
            if on_progress is not None:
                on_progress(1)
    return found


def work_on(
    function: Callable[..., Iterator[FoundT]],
    tasks: Iterable[PickedImages],
    harmed: Callable[[str, Failure], FoundT],
    *shared: Shared,
    pool: Executor,
    item_timeout_seconds: float | None = None,
) -> Iterator[FoundT]:
    """Works on images in guarded children; an image that harms its child is tried once more, alone, and costs itself.

    Args:
        function: importable by name; gives one value for each image that it reads of a `PickedImages`, in its order.
        tasks: the images to work on, taken one by one as children become free.
        harmed: makes the value of an image that ended its child, out of its id and the failure.
        shared: what the function is given besides, after `done`.
        pool: the children.
        item_timeout_seconds: how long one image may take; None is the pool's own limit.

    Raises:
        WorkerError: no child can be started.
    """
    begun: list[PickedImages] = []
    left: dict[str, Failure] = {}

    def noted() -> Iterator[PickedImages]:
        for task in tasks:
            begun.append(task)
            left.update(dict.fromkeys(task.ids, _NOT_GIVEN))
            yield task

    map_unordered = partial(pool.map_unordered, function, item_timeout_seconds=item_timeout_seconds)
    yield from _values(map_unordered(noted(), *shared), left)
    # What a task has lost is worked on image by image, so that the one to blame is known.
    alone = [PickedImages(task.shard, frozenset([one])) for task in begun for one in sorted(left.keys() & task.ids)]
    yield from _values(map_unordered(alone, *shared), left)
    for img_id, failure in left.items():
        yield harmed(img_id, failure)


def _values(results: Iterable[ItemResult[PickedImages, FoundT]], left: dict[str, Failure]) -> Iterator[FoundT]:
    """The values that come; their ids are taken out of those that are `left`, whose failures are noted there."""
    for result in results:
        if result.value is None:
            if len(result.task.ids) == 1 and result.failure is not None:
                (img_id,) = result.task.ids
                if left.get(img_id) is _NOT_GIVEN:
                    left[img_id] = result.failure
            continue
        if result.position < len(result.task.ids):  # what comes after the images tells of pictures that repeat
            left.pop(result.value.img_id, None)
        yield result.value
