"""The bytes of an image come in; a digest of its whole picture, all pixels in full size and colour, goes out."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator

from PIL import Image, ImageSequence

from kvqa_audit.images.decode import MAX_PIXELS, formats_of, frames_of, stored_mode, without_warnings

_STRIP_PIXELS = 1 << 20
_PALETTE_MODES = ("P", "PA")


def full_pixel_digest(data: bytes) -> str | None:
    """SHA-256 over every frame's mode, size and pixels as stored; equal only where two files show one picture.

    A palette counts by its colours, not by their order; transparency counts, orientation and all other metadata do
    not. None where the picture cannot be decoded or compared in full: above MAX_PIXELS over all frames, or 16 bits a
    channel of which the decoder keeps 8.

    Raises:
        MemoryError: the decoder ran out of memory.
    """
    with without_warnings():
        try:
            return _digest(Image.open(io.BytesIO(data), formats=formats_of(data)))
        except MemoryError:
            raise
        except Exception:  # noqa: BLE001 - hostile bytes make the decoders raise anything
            return None


def _digest(image: Image.Image) -> str | None:
    frames = frames_of(image)
    if stored_mode(image) != image.mode or frames * image.width * image.height > MAX_PIXELS:
        return None
    digest = hashlib.sha256()
    pixels = 0
    for frame in ImageSequence.Iterator(image) if frames > 1 else (image,):
        pixels += frame.width * frame.height  # of a TIFF every page has a size of its own
        if pixels > MAX_PIXELS:
            return None
        for part in _frame_bytes(frame):
            digest.update(part)
    return digest.hexdigest()


def _frame_bytes(frame: Image.Image) -> Iterator[bytes]:
    """What a frame is made of: a line of facts, then its pixels strip by strip, so that no second copy is needed."""
    frame.load()
    has_palette = frame.mode in _PALETTE_MODES
    transparency = None if has_palette else frame.info.get("transparency")
    yield f"{frame.mode} {frame.width}x{frame.height} {transparency!r}\n".encode()
    rows = max(1, _STRIP_PIXELS // max(1, frame.width))
    for top in range(0, frame.height, rows):
        strip = frame.crop((0, top, frame.width, min(top + rows, frame.height)))
        yield (strip.convert("RGBA") if has_palette else strip).tobytes()
