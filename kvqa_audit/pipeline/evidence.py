"""A dataset comes in; the evidence that the checks judge goes out, stage by stage."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from kvqa_audit.engine.call import Call
from kvqa_audit.engine.executor import Executor, Future
from kvqa_audit.ingest.dataset import ROLES
from kvqa_audit.model import ImageGroups
from kvqa_audit.pipeline.judgement_cache import JudgementCache
from kvqa_audit.pipeline.picture_looks import Embeddings, look_of_pictures
from kvqa_audit.pipeline.table_stages import IMPORTS, JudgedRows, judge_expectations, judge_rows, rank_answers
from kvqa_audit.progress import Clock

if TYPE_CHECKING:
    from kvqa_audit.answers.study import AnswerStudy
    from kvqa_audit.cache.caches import Caches
    from kvqa_audit.checks.base import Evidence
    from kvqa_audit.duplicates.find import DuplicateResult
    from kvqa_audit.images.fingerprint_stage import ImageStageResult
    from kvqa_audit.ingest.dataset import Dataset, Table
    from kvqa_audit.overlays.detection import ImageOverlays
    from kvqa_audit.privacy.burned_in_stage import BurnedIn
    from kvqa_audit.spec.dataset_spec import DatasetSpec

# A process of its own has to import the engines, which is worth while only beside many images.
_MIN_IMAGES_FOR_A_PROCESS = 100
WHY_NOT_WHOLE = "the source is a subset, and this is expected of the whole dataset alone"


@dataclass(frozen=True, slots=True)
class Collected:
    """The evidence for the checks, and what the stages over the images told beside it."""

    evidence: Evidence
    images: ImageStageResult
    duplicates: DuplicateResult
    overlay_agreement: Mapping[str, Mapping[str, Any]]
    notes: tuple[str, ...] = ()


def collect_evidence(
    dataset: Dataset,
    spec: DatasetSpec,
    *,
    subset: bool,
    pool: Executor,
    caches: Caches | None,
    clock: Clock,
    ocr: bool = False,
    given: Embeddings | None = None,
) -> Collected:
    """Takes a dataset through all stages but the checks.

    The stages over the images share one pool; beside them the table is judged and its answers are ranked, in
    processes that each end with their work: what the engines need is the largest part of the memory.
    """
    from kvqa_audit.answers.image_groups import neighbours
    from kvqa_audit.answers.suspicion import Suspicion
    from kvqa_audit.answers.tones import tones_of
    from kvqa_audit.checks.base import Evidence
    from kvqa_audit.contracts.expectations import ExpectationResult
    from kvqa_audit.overlays.answer_agreement import agreement_figures
    from kvqa_audit.overlays.detection import things_seen

    absent = _absent(dataset, subset, ocr)
    many = sum(len(shard.ids) for shard in dataset.shards) >= _MIN_IMAGES_FOR_A_PROCESS
    # An engine's call ends at once only by ending its process, and keeps its time limit only in a main thread.
    apart = many or clock.cancel is not None or threading.current_thread() is not threading.main_thread()

    def begin(function: Callable[..., Any], *arguments: Any) -> Future:
        return pool.submit(function, *arguments, imports=IMPORTS) if apart else Call(function, arguments)

    cache = None if caches is None else JudgementCache.of(caches.judgements, dataset.table, spec)

    def known_or_begin(stage: str, kind: Any, function: Callable[..., Any], *hangs_on: Any) -> Future:
        def start() -> Future:
            return begin(function, dataset.table, spec, *hangs_on)

        return start() if cache is None else cache.known_or(stage, kind, hangs_on, start)

    results = dict[str, ExpectationResult]
    promised = known_or_begin("judge the promises", results, judge_expectations, absent)
    judging = begin(judge_rows, dataset.table, spec)
    images = look_at_images(dataset, pool, caches, clock)
    groups = image_groups(dataset, spec, absent, images, pool, caches, clock)
    if groups.places:
        absent.pop("groups", None)
    duplicates = look_for_duplicates(
        images, pool, caches, clock, min_frame_similarity=spec.bounds.get("KV206"), close=neighbours(groups)
    )
    overlays = look_for_overlays(dataset, spec, images, pool, caches, clock)
    pictures, notes = look_of_pictures(dataset, images, given or Embeddings(), pool, caches, clock)
    pool.release()  # what comes now needs their memory
    burned_in = () if "ocr" in absent else read_pictures(dataset, images, pool, clock)
    judged: JudgedRows = _awaited(judging, "judge the rows", clock)
    promises: Mapping[str, ExpectationResult] = _awaited(promised, "judge the promises", clock)
    tied = groups.ties()
    copies = [*((pair.left, pair.right) for pair in duplicates.pairs), *tied]
    seen = things_seen(overlays)
    looks = (pictures, tones_of(images.fingerprints), dict(dataset.folders.sources))
    ranking = known_or_begin("rank suspicious answers", Suspicion, rank_answers, copies, seen, *looks)
    study = study_answers(judged.study, images, duplicates, tied, spec, clock)
    suspicion: Suspicion = _awaited(ranking, "rank suspicious answers", clock)
    evidence = Evidence(
        spec=spec,
        table=dataset.table,
        contract=judged.contract,
        promises=promises,
        rules=judged.rules,
        distributions=judged.distributions,
        fingerprints=images.fingerprints,
        image_faults=(*dataset.image_faults, *images.faults),
        groups=groups,
        pairs=duplicates.pairs,
        study=study,
        overlays=overlays,
        burned_in=burned_in,
        suspicion=suspicion,
        absent=absent,
        folders=dataset.folders,
    )
    return Collected(evidence, images, duplicates, agreement_figures(dataset.table.frame, spec, overlays), notes)


def look_at_images(dataset: Dataset, pool: Executor, caches: Caches | None, clock: Clock) -> ImageStageResult:
    """Reads every image once and takes its fingerprint."""
    from kvqa_audit.images.fingerprint_stage import fingerprint_images

    total = sum(len(shard.ids) for shard in dataset.shards)
    with clock.stage("look at the images", total):
        cache = None if caches is None else caches.fingerprints
        return fingerprint_images(dataset.shards, pool=pool, cache=cache, on_progress=clock.advance)


def look_for_duplicates(
    images: ImageStageResult,
    pool: Executor,
    caches: Caches | None,
    clock: Clock,
    mode: Literal["all", "exact"] = "all",
    min_frame_similarity: float | None = None,
    close: Mapping[tuple[str, str], float | None] | None = None,
) -> DuplicateResult:
    """Finds the images that show the same picture, out of their fingerprints, or as an earlier run found them.

    `close` are pairs that are near each other in a group, to the seconds between them.
    """
    from kvqa_audit.duplicates.duplicate_cache import keep_duplicates, known_duplicates
    from kvqa_audit.duplicates.find import find_duplicates

    cache = None if caches is None else caches.duplicates
    with clock.stage("find duplicates", len(images.fingerprints)):
        asked = mode if min_frame_similarity is None else f"{mode}, near frames from {min_frame_similarity!r}"
        if close:
            asked += f", neighbours {hashlib.sha256(repr(sorted(close.items())).encode()).hexdigest()}"
        found = None if cache is None else known_duplicates(cache, images.fingerprints, asked)
        if found is None:
            found = find_duplicates(
                images.fingerprints,
                mode=mode,
                pool=pool,
                min_frame_similarity=min_frame_similarity,
                neighbours=close,
            )
            if cache is not None:
                keep_duplicates(cache, images.fingerprints, asked, found)
    return found


def look_for_overlays(
    dataset: Dataset,
    spec: DatasetSpec,
    images: ImageStageResult,
    pool: Executor,
    caches: Caches | None,
    clock: Clock,
) -> tuple[ImageOverlays, ...]:
    """Looks for boxes, text and hues in the sound images that are asked about them."""
    from kvqa_audit.overlays.answer_agreement import asked_images
    from kvqa_audit.overlays.overlay_stage import find_overlays

    sound = {image.img_id: image.sha256 for image in images.fingerprints if image.problem is None and image.sha256}
    cache = None if caches is None else caches.overlays
    asked = [img_id for img_id in asked_images(dataset.table.frame, spec) if img_id in sound]
    with clock.stage("look for boxes and text", len(asked)):
        return find_overlays(dataset.shards, asked, pool=pool, cache=cache, digests=sound, on_progress=clock.advance)


def image_groups(
    dataset: Dataset,
    spec: DatasetSpec,
    absent: Mapping[str, str],
    images: ImageStageResult,
    pool: Executor,
    caches: Caches | None,
    clock: Clock,
) -> ImageGroups:
    """Which images come from one patient, examination or video: as a column says, or else the clocks in the images."""
    from kvqa_audit.answers.image_groups import groups_of_column

    if spec.columns.group is not None and dataset.table.groups:
        return groups_of_column(spec.columns.group, dataset.table.frame["img_id"].tolist(), dataset.table.groups)
    if "ocr" in absent:
        return ImageGroups()
    from kvqa_audit.cache.secret import kept_secret, new_secret
    from kvqa_audit.clocks.clock_stage import read_clocks
    from kvqa_audit.clocks.link import examinations

    sound = {image.img_id: image.sha256 for image in images.fingerprints if image.problem is None and image.sha256}
    key = new_secret() if caches is None else kept_secret(caches.clocks_key)
    cache = None if caches is None else caches.clocks
    with clock.stage("read clocks in the pictures", len(sound)):
        return examinations(
            read_clocks(dataset.shards, sound, key, pool=pool, cache=cache, digests=sound, on_progress=clock.advance)
        )


def read_pictures(dataset: Dataset, images: ImageStageResult, pool: Executor, clock: Clock) -> tuple[BurnedIn, ...]:
    """Reads the text that is burned into the sound images, and keeps what kind it is."""
    from kvqa_audit.privacy.burned_in_stage import find_burned_in

    sound = [image.img_id for image in images.fingerprints if image.problem is None]
    with clock.stage("read text in the pictures", len(sound)):
        return find_burned_in(dataset.shards, sound, pool=pool, on_progress=clock.advance)


def study_answers(
    study: AnswerStudy,
    images: ImageStageResult,
    duplicates: DuplicateResult,
    tied: Sequence[tuple[str, str]],
    spec: DatasetSpec,
    clock: Clock,
) -> AnswerStudy:
    """Adds what the pictures tell about the answers to what the table alone does; tied images stay together."""
    from kvqa_audit.answers.study import study_pictures

    with clock.stage("hold the answers against the pictures", len(images.fingerprints)):
        return study_pictures(study, duplicates.pairs, images.fingerprints, spec, tied)


def absent_columns(table: Table) -> dict[str, str]:
    """The reason why a check that needs a column has to be skipped, by what it needs."""
    return {f"column {role}": f"the table has no column for '{role}'" for role in table.missing}


def _awaited(begun: Future, name: str, clock: Clock) -> Any:
    """The outcome of work that was begun; its stages are added to those of the clock."""
    clock.start(name)
    outcome, stages = begun.result()
    for stage in stages:
        clock.add(stage)
    return outcome


def _why_not_read(asked: bool) -> str | None:
    """Why no text is read in the pictures; None where it is."""
    from kvqa_audit.privacy.reader import why_unreadable

    if asked:
        return why_unreadable()
    return (
        "reading text takes more than half a second a picture; ask for it: "
        "pip install 'kvqa-audit[ocr]', then kvqa-audit run --ocr"
    )


def _absent(dataset: Dataset, subset: bool, ocr: bool) -> dict[str, str]:
    absent = {**dataset.absent, **absent_columns(dataset.table)}
    if "images" in absent:
        absent["duplicates"] = absent["overlays"] = absent["ocr"] = absent["images"]
    elif (reason := _why_not_read(ocr)) is not None:
        absent["ocr"] = reason
    if not dataset.table.splits and not dataset.folders.splits:
        absent["splits"] = "the dataset has no splits"
    if not dataset.table.groups:
        absent["groups"] = (
            "no column tells which images come from one patient, examination or video (columns: group), and no clocks "
            f"in the pictures do ({absent.get('ocr', 'none could be read')})"
        )
    if "table" in absent:
        absent |= {f"column {role}": absent["table"] for role in ROLES}
        # Folders may stand in for two of the columns.
        if dataset.folders.said:
            del absent["column img_id"]
        if dataset.folders.sources:
            del absent["column source"]
    if subset:
        absent["whole dataset"] = WHY_NOT_WHOLE
    return absent
