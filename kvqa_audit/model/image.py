"""What one read of an image tells, and two images that show the same picture."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class ImageFingerprint:
    """All that one read and one reduced decode tell about one image.

    `problem` is None for a sound image; otherwise it names the defect (`truncated`, `empty`, `not_an_image`, …) and
    `detail` says what the decoder said. `width` and `height` are in pixels. Hashes are lower-case hex. Quality
    metrics are computed on the reduced decode, so they compare within one `algorithm` version only.
    `thumbnail` is a square grey picture, row by row, one byte a pixel, or empty where nothing could be decoded.
    `embedded` names the kinds of metadata that the file carries (exif, gps, date, …), never their values.
    `pixel_digest` is over the reduced grey picture. `full_pixel_digest` is over every pixel as stored: equal ones are
    identical pixels. It is set only where another file of the same run has an equal `pixel_digest`, size and mode.
    `orientation` is the EXIF tag, 1 to 8, by which viewers turn or mirror what is stored; None where nothing was
    decoded.
    """

    img_id: str
    path: str
    size_bytes: int
    sha256: str | None
    problem: str | None = None
    detail: str | None = None
    format: str | None = None
    mode: str | None = None
    frames: int | None = None
    width: int | None = None
    height: int | None = None
    pixel_digest: str | None = None
    full_pixel_digest: str | None = None
    phash64: str | None = None
    phash256: str | None = None
    brightness: float | None = None
    contrast: float | None = None
    sharpness: float | None = None
    entropy_bits: float | None = None
    dark_share: float | None = None
    bright_share: float | None = None
    decoder: str = ""
    algorithm: str = ""
    thumbnail: bytes = b""
    embedded: tuple[str, ...] = ()
    orientation: int | None = None


class Tier(StrEnum):
    """How equal two pictures are, most equal first."""

    IDENTICAL_BYTES = "identical-bytes"
    IDENTICAL_PIXELS = "identical-pixels"
    RE_ENCODE = "re-encode"
    NEAR = "near"
    NEAR_FRAME = "near-frame"


# The transform of two pictures of one scene that cannot be laid on each other, as something moved between them.
MOVED = "moved"


@dataclass(frozen=True, slots=True)
class DuplicatePair:
    """Two images that were verified to show the same picture; `left` < `right`.

    `distance_bits` is the Hamming distance of the 256-bit hashes under the best transform; `similarity` is the
    verified agreement of the pixels, 0 to 1; `transform` is what aligns right with left. Where something moved between
    the two (MOVED), nothing aligns them, and `similarity` is the share of places that are found again moved together.
    """

    left: str
    right: str
    tier: Tier
    distance_bits: int
    similarity: float
    transform: str
    group: str
