"""Shards, ids and what to do with one image come in; what came of each of these images goes out, by its id."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from kvqa_audit.engine.local import LocalPool, Shared
from kvqa_audit.ingest.dataset import REPEATED, ImageShard, RawImage


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

    def read(self, done: frozenset[int]) -> Iterator[RawImage]:
        """The images in the order they are read, each once, without those at the positions `done`."""
        images = (raw for raw in self.shard.pick(self.ids) if raw.problem != REPEATED)
        return (raw for position, raw in enumerate(images) if position not in done)


def for_each_image(
    function: Callable[..., Iterator[FoundT]],
    shards: Sequence[ImageShard],
    ids: Collection[str],
    harmed: Callable[[str, str], FoundT],
    *shared: Shared,
    pool: LocalPool,
    on_progress: Callable[[int], None] | None = None,
) -> dict[str, FoundT]:
    """Works on some images in guarded children; an image that harms its child costs itself.

    Args:
        function: importable by name; gives one value for each image of `PickedImages.read(done)`, in its order.
        shards: references to the images; the bytes are opened by the children.
        ids: the images to work on.
        shared: what the function is given besides, after `done`.
        harmed: makes the value of an image that ended its child, out of its id and the kind of failure.
        pool: the children, and how long one image may take them.
        on_progress: is told how many more images are done.

    Raises:
        WorkerError: no child can be started.
    """
    wanted = frozenset(ids)
    tasks = [PickedImages(shard, held) for shard in shards if (held := wanted.intersection(shard.ids))]
    found: dict[str, FoundT] = {}
    if not tasks:
        return found

    def keep(img_id: str, value: FoundT) -> None:
        if img_id not in found:
            found[img_id] = value
            if on_progress is not None:
                on_progress(1)

    for answer in pool.map_unordered(function, tasks, *shared):
        if answer.value is not None:
            keep(answer.value.img_id, answer.value)
    # What a shard has lost is worked on image by image, so that the one to blame is known.
    lost = [PickedImages(task.shard, frozenset([one])) for task in tasks for one in task.ids.difference(found)]
    failures = _one_by_one(pool, function, lost, shared, keep)
    for img_id in sorted(img_id for task in lost for img_id in task.ids):
        keep(img_id, harmed(img_id, failures.get(img_id, "unreadable")))
    return found


def _one_by_one(
    pool: LocalPool,
    function: Callable[..., Iterator[FoundT]],
    tasks: Sequence[PickedImages],
    shared: tuple[Shared, ...],
    keep: Callable[[str, FoundT], None],
) -> dict[str, str]:
    """Works on tasks of one image each, and gives the kind of failure of those that fail again."""
    failures: dict[str, str] = {}
    for answer in pool.map_unordered(function, tasks, *shared):
        (img_id,) = answer.task.ids
        if answer.value is not None:
            keep(img_id, answer.value)
        elif answer.failure is not None:
            failures.setdefault(img_id, answer.failure.kind)
    return failures
