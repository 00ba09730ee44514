"""A finished audit and the images it wants shown come in; previews go out, drawn in children, while the place stands.

An image is drawn only if the audit could read it, and only while it has the bytes that were audited.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TypeAlias

from kvqa_audit.engine.executor import Executor, Failure
from kvqa_audit.engine.local import LocalPool
from kvqa_audit.errors import SourceError
from kvqa_audit.images.each import for_each_image
from kvqa_audit.ingest.dataset import ImageShard
from kvqa_audit.ingest.open import open_dataset, open_images
from kvqa_audit.model import AuditRun
from kvqa_audit.previews.drawing import pair_task, preview_task
from kvqa_audit.previews.records import UNREADABLE, PairPreview, PairTask, Preview, Wanted
from kvqa_audit.spec.dataset_spec import DatasetSpec

NEVER_OPENED = "not opened: its file did harm, or could not be read, when it was audited"
_DRAWN_BY = "kvqa_audit.previews.drawing"

Pair: TypeAlias = tuple[str, str]


class Studio:
    """Draws previews of one audit's images; made by `studio_for`."""

    def __init__(
        self, run: AuditRun, pool: Executor, shards: Callable[[], tuple[ImageShard, ...]], *, blur_text: bool
    ) -> None:
        self._digests = {
            one.img_id: one.sha256 for one in run.fingerprints if one.problem is None and one.sha256 is not None
        }
        self._known = frozenset(one.img_id for one in run.fingerprints)
        self._pool, self._find_shards, self._blur_text = pool, shards, blur_text
        self._shards: tuple[ImageShard, ...] | None = None

    def previews(self, sides_px: Mapping[str, int]) -> dict[str, Preview]:
        """img_id → its preview, for every id that is asked for, whose longer side has so many pixels at most."""
        wanted = self._wanted(sides_px)
        made = {img_id: Preview(img_id, missing=self._why_not(img_id)) for img_id in sides_px}
        if wanted:
            drawn = for_each_image(
                preview_task, self._all_shards(), wanted, _lost, self._pool.share(wanted), pool=self._pool
            )
            made.update({img_id: drawn.get(img_id, Preview(img_id, missing=UNREADABLE)) for img_id in wanted})
        return made

    def pairs(self, pairs: Iterable[Pair], max_side_px: int) -> dict[Pair, PairPreview]:
        """Pair → the two pictures laid on each other, for every pair that is asked for."""
        pairs = tuple(dict.fromkeys(pairs))
        made = {pair: PairPreview(missing=max(map(self._why_not, pair), key=NEVER_OPENED.__eq__)) for pair in pairs}
        tasks = {(task.left, task.right): task for task in self._pair_tasks(pairs, max_side_px)}
        for answer in self._pool.map_unordered(pair_task, tasks.values()):
            if answer.value is not None:
                made[answer.task.left, answer.task.right] = answer.value
        return made

    def _pair_tasks(self, pairs: tuple[Pair, ...], max_side_px: int) -> Iterator[PairTask]:
        wanted = self._wanted({img_id: max_side_px for pair in pairs for img_id in pair})
        if not wanted:
            return
        held = {img_id: shard for shard in self._all_shards() for img_id in shard.ids if img_id in wanted}
        for left, right in pairs:
            if left in held and right in held:
                yield PairTask(left, right, held[left], held[right], {one: wanted[one] for one in (left, right)})

    def _wanted(self, sides_px: Mapping[str, int]) -> dict[str, Wanted]:
        return {
            img_id: Wanted(side, self._digests[img_id], self._blur_text)
            for img_id, side in sides_px.items()
            if img_id in self._digests
        }

    def _why_not(self, img_id: str) -> str:
        return NEVER_OPENED if img_id in self._known and img_id not in self._digests else UNREADABLE

    def _all_shards(self) -> tuple[ImageShard, ...]:
        if self._shards is None:
            self._shards = self._find_shards()
        return self._shards


@contextmanager
def studio_for(
    run: AuditRun,
    spec: DatasetSpec,
    *,
    blur_text: bool = False,
    jobs: int = 1,
    shards: tuple[ImageShard, ...] | None = None,
) -> Iterator[Studio]:
    """A studio with children of its own, started at once.

    Args:
        shards: references to the pictures; None opens the audited place when something is wanted.
    """
    with LocalPool(jobs) as pool:
        pool.start(_DRAWN_BY)
        yield Studio(run, pool, lambda: _shards_of(run, spec) if shards is None else shards, blur_text=blur_text)


def _shards_of(run: AuditRun, spec: DatasetSpec) -> tuple[ImageShard, ...]:
    """References to the images at the audited place; none where it cannot be opened any more."""
    place, revision = run.dataset.location, run.dataset.revision
    try:
        if run.rows is None:
            return open_dataset(place, spec, revision=revision, offline=True).shards
        return open_images(place, spec, frozenset(run.rows.img_id), revision=revision).shards
    except SourceError:
        return ()


def _lost(img_id: str, failure: Failure) -> Preview:
    return Preview(img_id, missing=f"{UNREADABLE} ({failure.kind.replace('_', ' ')})")
