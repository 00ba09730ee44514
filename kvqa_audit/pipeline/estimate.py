"""A dataset comes in, of which parts are audited on this machine; what auditing it at any size would take goes out."""

from __future__ import annotations

import resource
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from kvqa_audit.errors import SourceError
from kvqa_audit.progress import Clock, Listener, ignore_events

if TYPE_CHECKING:
    from kvqa_audit.ingest.dataset import Dataset
    from kvqa_audit.pipeline.evidence import Collected
    from kvqa_audit.spec.dataset_spec import DatasetSpec

ItemT = TypeVar("ItemT")
SAMPLE_IMAGES, SAMPLE_ROWS = 320, 4_000
# How much smaller the other part is, whose difference to the larger one tells what grows and what does not.
SMALLER = 4
# Measured by tests/benches/bench_search.py on 10,000 made-up pictures, and by measure_scale.py on 100,260 look-alikes.
ALL_PAIRS_MAX, ALL_PAIRS_SECONDS = 20_000, 9.3e-8
LISTED, LISTED_SECONDS = 100_260, 300.0
MAX_PAIRS_AN_IMAGE = 9
_SEARCH_MB = 300.0
_OVERHEAD = 2.0


@dataclass(frozen=True, slots=True)
class Measured:
    """What the parts took: processor seconds at the start, for an image, a row and a candidate pair, and sizes.

    `images` and `rows` are those of the larger part. `pairs` are the candidate pairs among its images. `image_reads` is
    how often an image is read, on average. Sizes are in bytes, `memory_mb` is the peak of this process and its largest
    child together.
    """

    images: int
    rows: int
    start_seconds: float
    image_seconds: float
    row_seconds: float
    pair_seconds: float
    pairs: int
    image_bytes: float
    image_reads: float
    row_bytes: float
    fingerprint_bytes: float
    memory_mb: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """What an audit of so many images and rows takes; `measured` is what it was worked out from."""

    images: int
    rows: int
    measured: Measured

    @property
    def parts(self) -> dict[str, float]:
        """What is done → processor seconds."""
        one = self.measured
        return {
            "start": one.start_seconds,
            "images": self.images * one.image_seconds,
            "search": search_seconds(self.images),
            "pairs": self.pairs * one.pair_seconds,
            "rows": self.rows * one.row_seconds,
        }

    @property
    def processor_seconds(self) -> float:
        return sum(self.parts.values())

    @property
    def pairs(self) -> int:
        """Candidate pairs, if any two images are as likely to be one as in the sample; at most nine an image."""
        one = self.measured
        possible = one.images * (one.images - 1) / 2
        likely = one.pairs / possible if possible else 0.0
        return round(min(likely * self.images * (self.images - 1) / 2, MAX_PAIRS_AN_IMAGE * self.images))

    @property
    def bytes_read(self) -> int:
        one = self.measured
        return round(self.images * one.image_bytes * one.image_reads + self.rows * one.row_bytes)

    @property
    def memory_mb(self) -> float:
        """About the peak: what the sample needed, and what is kept of each image and row beyond it."""
        one = self.measured
        more_images, more_rows = max(self.images - one.images, 0), max(self.rows - one.rows, 0)
        kept = _OVERHEAD * (more_images * one.fingerprint_bytes + more_rows * one.row_bytes) / 1e6
        return one.memory_mb + kept + (_SEARCH_MB if self.images > ALL_PAIRS_MAX else 0.0)


def search_seconds(images: int) -> float:
    """Processor seconds to nominate candidate pairs: all with all up to 20,000 images, through lists beyond."""
    if images <= ALL_PAIRS_MAX:
        return ALL_PAIRS_SECONDS * images**2
    return LISTED_SECONDS * float((images / LISTED) ** 1.5)


def measure(dataset: Dataset, spec: DatasetSpec, listener: Listener = ignore_events) -> Measured:
    """Audits two parts of a dataset, each with and without its images, and takes their differences.

    Raises:
        SourceError: the dataset is empty.
    """
    from kvqa_audit.duplicates.find import find_duplicates
    from kvqa_audit.ingest.sample import sampled

    large = sampled(dataset, SAMPLE_IMAGES, SAMPLE_ROWS)
    images, rows = _images(large), len(large.table.frame)
    if not images and not rows:
        raise SourceError(f"{dataset.location}: has neither images nor rows, of which an estimate could be made.")
    small = sampled(large, max(images // SMALLER, 1), max(rows // SMALLER, 1))
    took: dict[tuple[bool, bool], float] = {}
    found: dict[bool, Collected] = {}
    _audited(sampled(large, 1, 1), spec, listener, with_images=True)  # what is imported once is in none of the others
    for with_images in (False, True):
        for is_large, part in ((False, small), (True, large)):
            took[is_large, with_images], found[is_large] = _audited(part, spec, listener, with_images=with_images)
    pairs_took = {size: _seconds(find_duplicates, one.images.fingerprints) for size, one in found.items()}
    nominated = {size: one.duplicates.examined.get("nominated_pairs", 0) for size, one in found.items()}
    fingerprints = found[True].images.fingerprints
    row_growth = max(took[True, False] - took[False, False], 0.0)
    growth = took[True, True] - pairs_took[True] - took[False, True] + pairs_took[False]
    more_images, more_rows = images - _images(small), rows - len(small.table.frame)
    row_seconds = row_growth / more_rows if more_rows > 0 else 0.0
    image_seconds = max(growth - row_growth, 0.0) / more_images if more_images > 0 else 0.0
    start = took[False, True] - pairs_took[False] - _images(small) * image_seconds
    frame, asked = large.table.frame, len(found[True].evidence.overlays)
    return Measured(
        images,
        rows,
        max(start - len(small.table.frame) * row_seconds, 0.0),
        image_seconds,
        row_seconds,
        max(pairs_took[True] - search_seconds(images), 0.0) / nominated[True] if nominated[True] else 0.0,
        nominated[True],
        sum(one.size_bytes for one in fingerprints) / images if images else 0.0,
        1.0 + (asked / images if images else 0.0),
        float(frame.memory_usage(index=False, deep=True).sum()) / rows if rows else 0.0,
        sum(len(one.thumbnail) for one in fingerprints) / images + 1_000 if images else 0.0,
        sum(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / 1024,
    )


def _images(dataset: Dataset) -> int:
    return sum(len(shard.ids) for shard in dataset.shards)


def _audited(part: Dataset, spec: DatasetSpec, listener: Listener, *, with_images: bool) -> tuple[float, Collected]:
    """Processor seconds of this process and all its children for the audit of a part, and what it found."""
    from kvqa_audit.checks.registry import checks_for
    from kvqa_audit.checks.runner import run_checks
    from kvqa_audit.engine.local import LocalPool
    from kvqa_audit.pipeline.evidence import collect_evidence

    absent = {**part.absent, **({} if with_images and part.shards else {"images": "left out"})}
    part = replace(part, shards=part.shards if with_images else (), absent=absent)
    before = _processor_seconds()
    # What may be cancelled has its engines in processes of their own whatever its size: so parts differ in size alone.
    clock = Clock(listener, threading.Event())
    with LocalPool(1) as pool:
        collected = collect_evidence(part, spec, subset=True, pool=pool, caches=None, clock=clock)
    run_checks(checks_for(spec), collected.evidence)
    return _processor_seconds() - before, collected


def _processor_seconds() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _seconds(work: Callable[[ItemT], object], given: ItemT) -> float:
    before = time.process_time()
    work(given)
    return time.process_time() - before
