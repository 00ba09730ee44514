"""What a preview is: how an image or a pair is to be drawn, and what comes of it; no picture is touched here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kvqa_audit.ingest.dataset import ImageShard

CHANGED = "the file is no longer the one that was audited"
UNREADABLE = "picture not available"
WHOLE = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))

Corners = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """How an image is to be drawn: its longer side in pixels, the SHA-256 it had, and whether text is smeared."""

    max_side_px: int
    sha256: str
    blur_text: bool = False


@dataclass(frozen=True, slots=True)
class Preview:
    """A small picture of one image as the bytes of a file; where there is none, `missing` says why."""

    img_id: str
    picture: bytes = b""
    missing: str = ""


@dataclass(frozen=True, slots=True)
class PairTask:
    """Two images, each in its shard, and how they are to be drawn."""

    left: str
    right: str
    left_shard: ImageShard
    right_shard: ImageShard
    wanted: Mapping[str, Wanted]


@dataclass(frozen=True, slots=True)
class PairPreview:
    """The left picture, and the right one as it lies on it: both of one size, as the bytes of files.

    `corners` says where the corners of the right picture lie, in shares of the left one's width and height. `aligned`
    is False where no map was found, and the right picture was stretched over the left one. Where a picture is
    lacking, `missing` says why.
    """

    left: bytes = b""
    right: bytes = b""
    corners: Corners = WHOLE
    aligned: bool = False
    missing: str = ""
