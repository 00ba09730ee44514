"""Shards of images come in; the fingerprints of all images, sorted by id, and what is wrong with the files go out."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256

from kvqa_audit.cache.fingerprints import FingerprintCache, FingerprintLookup, from_values, version_of
from kvqa_audit.engine.executor import Executor, Failure
from kvqa_audit.images.confirm import confirmed
from kvqa_audit.images.each import PickedImages, for_each_image, work_on
from kvqa_audit.images.fingerprint import ALGORITHM, decoder, fingerprint
from kvqa_audit.ingest.dataset import REPEATED, ImageFault, ImageShard, RawImage, settle_repeats
from kvqa_audit.ingest.image_place import ImagePlace
from kvqa_audit.model import ImageFingerprint

_KEEP_AFTER_IMAGES = 200
_PROBLEMS = {
    "crashed": "decoder_crashed",
    "hung": "decoder_hung",
    "out_of_memory": "decoder_out_of_memory",
    "raised": "decoder_crashed",
    "abandoned": "decoder_crashed",
    "unreadable": "decoder_crashed",
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
    pool: Executor,
    cache: FingerprintCache | None = None,
    on_progress: Callable[[int], None] | None = None,
) -> ImageStageResult:
    """Reads and decodes every image once, in guarded children; the result is the same whatever their number and order.

    Of files that look the same when reduced, one image each is decoded a second time, in full (see images.confirm).

    Args:
        shards: references to the images; the bytes are opened by the children.
        pool: the children; an image that takes longer or needs more memory than they may is blamed for it.
        cache: fingerprints of earlier runs; None decodes everything.
        on_progress: is told how many more images are done.

    Raises:
        WorkerError: no child can be started.
    """
    started = time.perf_counter()
    run = _Run(cache, on_progress)
    _work(pool, shards, run, cache)
    run.keep_places()
    settled, faults = settle_repeats(sorted(run.found, key=lambda one: (one.img_id, one.path)))
    fingerprints, decoded_in_full = confirmed(pool, shards, settled)
    if cache is not None:
        cache.keep(decoded_in_full, ())
    seconds = time.perf_counter() - started
    return ImageStageResult(fingerprints, faults, run.unchanged, seconds, tuple(cache.notes) if cache else ())


def fingerprint_task(
    task: PickedImages, done: frozenset[int], lookup: FingerprintLookup | None
) -> Iterator[ImageFingerprint]:
    """The fingerprints of one task's images, in the order they are read, without those at the positions `done`."""
    version = version_of(decoder(), ALGORITHM)

    def known(raw: RawImage, digest: str) -> ImageFingerprint | None:
        values = lookup.find(digest, version) if lookup is not None else None
        if values is None:
            return None
        return from_values(values, raw.img_id, raw.path, len(raw.data), decoder(), ALGORITHM)

    for raw in task.read_with_repeats(done):
        yield fingerprint(raw, known)


def identify_task(task: PickedImages, done: frozenset[int]) -> Iterator[ImageFingerprint]:
    """As fingerprint_task, but nothing is decoded: to name an image that the decoder does not survive."""
    for raw in task.read(done):
        digest = sha256(raw.data).hexdigest()
        yield ImageFingerprint(raw.img_id, raw.path, len(raw.data), digest, raw.problem, raw.detail)


def _work(pool: Executor, shards: Sequence[ImageShard], run: _Run, cache: FingerprintCache | None) -> None:
    # Looked up while the first children start: a task is made when a child is free for it.
    tasks = (task for shard in shards if (task := run.task(shard)) is not None)
    harmed: dict[str, Failure] = {}

    def note(img_id: str, failure: Failure) -> ImageFingerprint:
        harmed[img_id] = failure
        return nameless(img_id)

    def nameless(img_id: str, _: Failure | None = None) -> ImageFingerprint:
        return ImageFingerprint(img_id, img_id, 0, None)

    lookup = pool.share(None if cache is None else cache.lookup())
    for one in work_on(fingerprint_task, tasks, note, lookup, pool=pool):
        if one.img_id not in harmed:
            run.add(one)
    for img_id, named in for_each_image(identify_task, shards, harmed, nameless, pool=pool).items():
        problem = named.problem or _PROBLEMS[harmed[img_id].kind]
        run.add(replace(named, problem=problem, detail=harmed[img_id].detail, decoder=decoder(), algorithm=ALGORITHM))


@dataclass
class _Begun:
    """A shard in work: where its files were before, which images are left, and what came of those that can be kept."""

    shard: ImageShard
    places: dict[str, ImagePlace]
    left: set[str]
    known: dict[str, ImageFingerprint] = field(default_factory=dict)


@dataclass
class _Run:
    cache: FingerprintCache | None
    on_progress: Callable[[int], None] | None
    found: list[ImageFingerprint] = field(default_factory=list)
    unchanged: int = 0
    fresh: list[ImageFingerprint] = field(default_factory=list)
    begun: dict[str, _Begun] = field(default_factory=dict)

    def task(self, shard: ImageShard) -> PickedImages | None:
        """What is left to do of a shard after the cache was asked."""
        if self.cache is None:
            return PickedImages(shard, frozenset(shard.ids))
        places = shard.places()
        kept = self.cache.find_unchanged(tuple(places.values()), version_of(decoder(), ALGORITHM))
        unknown = []
        for img_id in shard.ids:
            place = places.get(img_id)
            if place is not None and place.location in kept:
                self.found.append(kept[place.location].fingerprint(img_id, decoder(), ALGORITHM))
            else:
                unknown.append(img_id)
        self._advance(len(shard.ids) - len(unknown))
        self.unchanged += len(shard.ids) - len(unknown)
        if unknown or not shard.ids:
            self.begun.update(dict.fromkeys(unknown, _Begun(shard, places, set(unknown))))
            return PickedImages(shard, frozenset(unknown))
        return None

    def add(self, one: ImageFingerprint) -> None:
        """Takes what came of an image; a shard of files is kept when it is done, where a killed run goes on."""
        self.found.append(one)
        if one.problem == REPEATED:
            return
        self._advance(1)
        if (begun := self.begun.get(one.img_id)) is None or self.cache is None:
            return
        begun.left.discard(one.img_id)
        if _can_be_kept(one):
            self.fresh.append(one)
            begun.known[one.img_id] = one
        # What a file that holds many images tells of repeated pictures comes after them, and is not kept.
        if not begun.left and not _file_of(one):
            self._keep([begun])
        elif len(self.fresh) >= _KEEP_AFTER_IMAGES:
            self._keep([])

    def keep_places(self) -> None:
        """Keeps what is fresh, and which files held what, but for files that changed meanwhile or hold repeats."""
        repeated = {_file_of(one) for one in self.found if one.problem == REPEATED}
        begun = {id(one): one for one in self.begun.values()}
        for shard in begun.values():
            shard.known = {name: one for name, one in shard.known.items() if _file_of(one) not in repeated}
        self._keep(list(begun.values()))

    def _keep(self, shards: Sequence[_Begun]) -> None:
        if self.cache is None:
            return
        kept = []
        for begun in shards:
            after = begun.shard.places()
            kept += [
                (place, begun.known[img_id])
                for img_id, place in begun.places.items()
                if img_id in begun.known and after.get(img_id) == place
            ]
            begun.known.clear()
        self.cache.keep(self.fresh, kept)
        self.fresh = []

    def _advance(self, count: int) -> None:
        if count and self.on_progress is not None:
            self.on_progress(count)


def _file_of(one: ImageFingerprint) -> str:
    """The file that holds an image beside others; "" where it has one of its own."""
    return one.path.rpartition("#")[0]


def _can_be_kept(one: ImageFingerprint) -> bool:
    return one.sha256 is not None and one.problem != REPEATED and one.problem not in _PROBLEMS.values()
