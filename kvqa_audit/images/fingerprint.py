"""The bytes of one image come in; its fingerprint goes out: digest, header, hashes, quality from one reduced decode."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from kvqa_audit.images.decode import DECODE_VERSION, MIN_SIDE_PX, Decoded, decode, decoder_version
from kvqa_audit.images.embedded import EMBEDDED_VERSION
from kvqa_audit.images.hashes import FEATURES_VERSION, features_of
from kvqa_audit.images.quality import QUALITY_VERSION, quality_of
from kvqa_audit.ingest.dataset import RawImage
from kvqa_audit.model import ImageFingerprint

ALGORITHM = f"{DECODE_VERSION}@{MIN_SIDE_PX}px/{QUALITY_VERSION}/{FEATURES_VERSION}/{EMBEDDED_VERSION}"


@cache
def decoder() -> str:
    """Which decoder is used by this process."""
    return decoder_version()


def fingerprint(
    raw: RawImage, known: Callable[[RawImage, str], ImageFingerprint | None] | None = None
) -> ImageFingerprint:
    """Fingerprints one image; what is wrong with it stands in `problem` and `detail`.

    Args:
        raw: the image as read.
        known: gives the fingerprint of an earlier run for (image, SHA-256), or None; then nothing is decoded.

    Raises:
        MemoryError: the decoder ran out of memory.
    """
    size_bytes = len(raw.data)
    if raw.problem is not None:
        return ImageFingerprint(
            raw.img_id, raw.path, size_bytes, None, raw.problem, raw.detail, decoder=decoder(), algorithm=ALGORITHM
        )
    sha256 = hashlib.sha256(raw.data).hexdigest()
    earlier = known(raw, sha256) if known is not None else None
    return earlier or _filled(raw, sha256, decode(raw.data, colour=False))


def pixel_digest(mode: str, width: int, height: int, grey: bytes) -> str:
    """SHA-256 over mode, full size and reduced grey pixels, a byte each, row by row.

    It nominates identical pixels: equal pixels stored in one format always give equal digests, and pixels that differ
    only in colour or below the reduced scale may do so too; `images.confirm` tells these apart. Size and mode are part
    of it, so that a black 20x10 is not a black 10x20.
    """
    digest = hashlib.sha256(f"{mode} {width}x{height}\n".encode())
    digest.update(grey)
    return digest.hexdigest()


def _filled(raw: RawImage, sha256: str, decoded: Decoded) -> ImageFingerprint:
    header: dict[str, Any] = {
        "img_id": raw.img_id,
        "path": raw.path,
        "size_bytes": len(raw.data),
        "sha256": sha256,
        "problem": decoded.problem,
        "detail": decoded.detail,
        "format": decoded.format,
        "mode": decoded.mode,
        "frames": decoded.frames,
        "width": decoded.width,
        "height": decoded.height,
        "embedded": decoded.embedded,
        "orientation": decoded.orientation if decoded.problem is None else None,
        "decoder": decoder(),
        "algorithm": ALGORITHM,
    }
    if decoded.luma is None:
        return ImageFingerprint(**header)
    pixels = decoded.luma.tobytes()
    quality = quality_of(np.frombuffer(pixels, np.uint8).reshape(decoded.luma.height, decoded.luma.width))
    features = features_of(decoded.luma)
    return ImageFingerprint(
        **header,
        pixel_digest=pixel_digest(decoded.mode or "", decoded.width or 0, decoded.height or 0, pixels),
        phash64=features.phash64,
        phash256=features.phash256,
        thumbnail=features.thumbnail,
        brightness=quality.brightness,
        contrast=quality.contrast,
        sharpness=quality.sharpness,
        entropy_bits=quality.entropy_bits,
        dark_share=quality.dark_share,
        bright_share=quality.bright_share,
    )
