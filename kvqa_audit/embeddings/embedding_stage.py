"""Shards of images and a model come in; the vector that the model gives for each sound image goes out."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kvqa_audit.cache.texts import Cache
from kvqa_audit.embeddings.network import MAX_MODEL_BYTES, Network, NetworkError, vector_of, why_no_network
from kvqa_audit.embeddings.normalised import normalised
from kvqa_audit.embeddings.preprocessing import preprocessing_of
from kvqa_audit.engine.executor import Executor
from kvqa_audit.errors import SourceError
from kvqa_audit.images.decode import DECODE_VERSION, decode, decoder_version, squeezed
from kvqa_audit.images.each import PickedImages, for_each_image
from kvqa_audit.images.picture_vectors import PictureVectors
from kvqa_audit.ingest.dataset import ImageShard
from kvqa_audit.regular_file import open_regular_file

# Goes up whenever the same picture and model give another vector.
_VERSION = "embedding-1"
# The loading of the model by a child's first image included.
TIMEOUT_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class _Embedded:
    img_id: str
    vector: NDArray[np.float32] | None = None
    problem: str | None = None


def network_at(path: Path) -> Network:
    """Opens a model and the preprocessing beside it; it is not run.

    Raises:
        SourceError: the model cannot be read, is too large, or there is nothing installed that runs it.
        SpecError: there is no preprocessing beside it, or one with a key or value that is not allowed.
    """
    missing = why_no_network()
    if missing is not None:
        raise SourceError(missing)
    digest, size = hashlib.sha256(), 0
    try:
        with open_regular_file(path) as file:
            while part := file.read(1 << 20):
                digest.update(part)
                size += len(part)
                if size > MAX_MODEL_BYTES:
                    raise SourceError(f"{path}: has more than {MAX_MODEL_BYTES:,} bytes. Name a smaller model.")
    except OSError as error:
        raise SourceError(f"{path}: cannot be read ({error.strerror or error}). Name one ONNX file.") from error
    return Network(str(path), digest.hexdigest(), preprocessing_of(path))


def embed_images(
    shards: Sequence[ImageShard],
    digests: Mapping[str, str],
    network: Network,
    *,
    pool: Executor,
    cache: Cache | None = None,
    on_progress: Callable[[int], None] | None = None,
) -> tuple[PictureVectors, tuple[str, ...]]:
    """Runs the model over some images, in guarded children; gives vectors of length 1, and what went wrong in words.

    Args:
        shards: references to the images; the bytes are opened by the children.
        digests: the images to look at, with the SHA-256 of their bytes, by which their vectors are kept.
        network: the model; it is tried on a grey picture first, in a child.
        pool: the children; an image that harms its child has no vector.
        cache: vectors of earlier runs; None runs the model over every image.
        on_progress: is told how many more images are done.

    Raises:
        SourceError: the model does not run, or gives no vectors.
        WorkerError: no child can be started.
    """
    length = _tried(network, pool)
    made = network.preprocessing.model_dump_json()
    version = f"{_VERSION}/{DECODE_VERSION}/{decoder_version()}/{network.sha256}/{made}"
    found = {} if cache is None else _known(cache, digests, version, length)
    if found and on_progress is not None:
        on_progress(len(found))
    fresh = for_each_image(
        embed_task,
        shards,
        frozenset(digests).difference(found),
        lambda img_id, failure: _Embedded(img_id, problem=failure.kind),
        pool.share(network),
        pool=pool,
        item_timeout_seconds=TIMEOUT_SECONDS,
        on_progress=on_progress,
    )
    new = {one.img_id: one.vector for one in fresh.values() if one.vector is not None and len(one.vector) == length}
    if cache is not None:
        cache.keep(((digests[img_id], _written(vector)) for img_id, vector in new.items()), version)
    found |= new
    ids = sorted(found)
    vectors = np.stack([found[img_id] for img_id in ids]) if ids else np.empty((0, length), np.float32)
    return PictureVectors(tuple(ids), normalised(vectors)), tuple(_notes(network, len(digests), len(ids)))


def embed_task(task: PickedImages, done: frozenset[int], network: Network) -> Iterator[_Embedded]:
    """The vectors of one task's images, in the order they are read, without those at the positions `done`."""
    for raw in task.read(done):
        size = network.preprocessing.size
        decoded = decode(raw.data, size) if raw.problem is None else None
        if decoded is None or decoded.colour is None:
            yield _Embedded(raw.img_id, problem=raw.problem or (decoded.problem if decoded else None))
            continue
        try:
            yield _Embedded(raw.img_id, vector_of(network, squeezed(decoded.colour, size)))
        except NetworkError as error:
            yield _Embedded(raw.img_id, problem=str(error))


def try_task(network: Network, done: frozenset[int]) -> Iterator[int | str]:
    """How many numbers the model gives for a grey picture, or what is wrong with it."""
    if 0 not in done:
        size = network.preprocessing.size
        try:
            yield len(vector_of(network, np.full((size, size, 3), 128, np.uint8)))
        except NetworkError as error:
            yield str(error)


def _tried(network: Network, pool: Executor) -> int:
    (tried,) = pool.map_unordered(try_task, [network], item_timeout_seconds=TIMEOUT_SECONDS)
    if isinstance(tried.value, int):
        return tried.value
    problem = tried.value or (tried.failure.kind.replace("_", " ") if tried.failure else "it gave nothing")
    raise SourceError(f"{network.path}: {problem}. Name an ONNX model of one input that gives one vector a picture.")


def _notes(network: Network, images: int, known: int) -> Iterator[str]:
    if known < images:
        yield f"{Path(network.path).name} gave no vector for {images - known:,} of {images:,} images."


def _known(cache: Cache, digests: Mapping[str, str], version: str, length: int) -> dict[str, NDArray[np.float32]]:
    texts = cache.find(digests.values(), version)
    read = {img_id: _read(texts[digest]) for img_id, digest in digests.items() if digest in texts}
    return {img_id: vector for img_id, vector in read.items() if vector is not None and len(vector) == length}


def _written(vector: NDArray[np.float32]) -> str:
    return base64.b64encode(vector.astype("<f4").tobytes()).decode()


def _read(text: str) -> NDArray[np.float32] | None:
    """None where the text is not what `_written` writes: the model then runs again."""
    try:
        vector = np.frombuffer(base64.b64decode(text, validate=True), "<f4")
    except ValueError:
        return None
    return vector.astype(np.float32) if np.isfinite(vector).all() else None
