"""Numbers come in; fingerprints of pictures that nobody has, drawn from chance, go out, or into a file a task."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

import numpy as np

from kvqa_audit.artifacts.fingerprint_files import ENDING, FingerprintFiles
from kvqa_audit.images.fingerprint import ALGORITHM
from kvqa_audit.images.hashes import THUMBNAIL_SIDE_PX, dct_rows, phash256_of
from kvqa_audit.model import ImageFingerprint

WAVES = 14
A_COPY_IN = 100
AT_ONCE = 1_000


@dataclass(frozen=True)
class Drawing:
    """The fingerprints of these numbers, and where they go."""

    start: int
    stop: int
    files: FingerprintFiles

    @property
    def name(self) -> str:
        return f"{self.start:09d}-{self.stop:09d}{ENDING}"


def thumbnails(start: int, count: int) -> Iterator[np.ndarray]:
    """Thumbnails, (64, 64) uint8."""
    waves = dct_rows(WAVES, THUMBNAIL_SIDE_PX)
    weight = 1 / (1 + np.add.outer(np.arange(WAVES), np.arange(WAVES)))
    chance = np.random.default_rng((1, start))
    drawn = waves.T @ (chance.normal(size=(AT_ONCE, WAVES, WAVES)) * weight) @ waves
    drawn = 128 + 45 * (drawn - drawn.mean((1, 2), keepdims=True)) / drawn.std((1, 2), keepdims=True)
    before = drawn[0]
    for number in range(count):
        if number % A_COPY_IN == A_COPY_IN - 1:
            kind = number // A_COPY_IN % 3
            noisy = before + chance.normal(0, 2, before.shape)
            drawn[number] = (before[:, ::-1], before * 0.9 + 8, noisy)[kind]
        before = drawn[number]
        yield np.clip(before, 0, 255).astype(np.uint8)


def draw(task: Drawing, done: frozenset[int]) -> Iterator[int]:
    """Draws and writes the fingerprints of one task, in a child."""
    if not done:
        pictures = thumbnails(task.start, task.stop - task.start)
        task.files.write(task.name, [drawn(number, one) for number, one in enumerate(pictures, task.start)])
        yield task.stop - task.start


def drawn(number: int, picture: np.ndarray) -> ImageFingerprint:
    name, digest = f"image-{number:09d}", sha256(picture).hexdigest()
    return ImageFingerprint(
        img_id=name,
        path=f"images/{name}.jpg",
        size_bytes=20_000 + number % 5_000,
        sha256=digest,
        format="JPEG",
        mode="L",
        frames=1,
        width=360,
        height=288,
        pixel_digest=digest[:32],
        phash64=digest[:16],
        phash256=phash256_of(picture),
        brightness=float(picture.mean()),
        contrast=float(picture.std()),
        algorithm=ALGORITHM,
        thumbnail=picture.tobytes(),
        orientation=1,
    )
