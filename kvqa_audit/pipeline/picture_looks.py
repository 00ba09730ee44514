"""What was asked for comes in; vectors that say what the pictures look like, of one or several kinds, go out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kvqa_audit.pipeline.options import AuditOptions
from kvqa_audit.progress import Clock

if TYPE_CHECKING:
    from kvqa_audit.cache.caches import Caches
    from kvqa_audit.embeddings.network import Network
    from kvqa_audit.engine.executor import Executor
    from kvqa_audit.images.fingerprint_stage import ImageStageResult
    from kvqa_audit.images.picture_vectors import PictureVectors
    from kvqa_audit.ingest.dataset import Dataset


@dataclass(frozen=True, slots=True)
class Embeddings:
    """What the user gives beside the dataset: vectors of a file, a model to be run, and what is to be said of them."""

    vectors: tuple[PictureVectors, ...] = ()
    network: Network | None = None
    notes: tuple[str, ...] = ()


def open_embeddings(options: AuditOptions, dataset: Dataset) -> Embeddings:
    """Reads the vectors, and opens the model, before any image is looked at.

    Raises:
        SourceError, SpecError: as `read_embeddings` and `network_at`.
    """
    from kvqa_audit.embeddings.embedding_file import read_embeddings
    from kvqa_audit.embeddings.embedding_stage import network_at

    network = None if options.embedder is None else network_at(options.embedder)
    if options.embeddings is None:
        return Embeddings(network=network)
    ids = {img_id for shard in dataset.shards for img_id in shard.ids} | set(dataset.table.frame["img_id"])
    vectors, notes = read_embeddings(options.embeddings, ids - {""})
    return Embeddings((vectors,), network, notes)


def look_of_pictures(
    dataset: Dataset,
    images: ImageStageResult,
    given: Embeddings,
    pool: Executor,
    caches: Caches | None,
    clock: Clock,
) -> tuple[tuple[PictureVectors, ...], tuple[str, ...]]:
    """The gradients of all pictures, the vectors that were given, and those of the model; and what is to be said."""
    from kvqa_audit.answers.gradients import gradients_of
    from kvqa_audit.embeddings.embedding_stage import embed_images

    kinds = (gradients_of(images.fingerprints), *given.vectors)
    if given.network is None:
        return kinds, given.notes
    sound = {image.img_id: image.sha256 for image in images.fingerprints if image.problem is None and image.sha256}
    with clock.stage("run the model over the images", len(sound)):
        cache = None if caches is None else caches.embeddings
        found, notes = embed_images(
            dataset.shards, sound, given.network, pool=pool, cache=cache, on_progress=clock.advance
        )
    return (*kinds, found), (*given.notes, *notes)
