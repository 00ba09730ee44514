"""The bytes of images come in, in a guarded child; small pictures of them go out: alone, or as a pair that lies aligned.

The only module here that decodes. Nothing of it runs in the parent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256

from PIL import Image

from kvqa_audit.duplicates.aligned import corners_of, laid_onto, map_onto
from kvqa_audit.images.decode import decode
from kvqa_audit.images.each import PickedImages
from kvqa_audit.images.thumbnails import encoded_small
from kvqa_audit.ingest.dataset import ImageShard, RawImage
from kvqa_audit.privacy.blur import blurred

CHANGED = "the file is no longer the one that was audited"
UNREADABLE = "picture not available"
_WHOLE = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))

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
    corners: Corners = _WHOLE
    aligned: bool = False
    missing: str = ""


def preview_task(task: PickedImages, done: frozenset[int], wanted: Mapping[str, Wanted]) -> Iterator[Preview]:
    """Previews of one task's images, in the order they are read, without those at the positions `done`."""
    return (_preview(raw, wanted[raw.img_id]) for raw in task.read(done))


def pair_task(task: PairTask, done: frozenset[int]) -> Iterator[PairPreview]:
    """The one preview of a pair."""
    if not done:
        yield _pair(task)


def _preview(raw: RawImage, wanted: Wanted) -> Preview:
    opened = _opened(raw, wanted)
    if isinstance(opened, str):
        return Preview(raw.img_id, missing=opened)
    return Preview(raw.img_id, encoded_small(opened, wanted.max_side_px))


def _pair(task: PairTask) -> PairPreview:
    pictures = []
    for img_id, shard in ((task.left, task.left_shard), (task.right, task.right_shard)):
        raw = next(iter(shard.pick(frozenset([img_id]))), None)
        opened = UNREADABLE if raw is None else _opened(raw, task.wanted[img_id])
        if isinstance(opened, str):
            return PairPreview(missing=opened)
        pictures.append(opened)
    left, right = pictures
    side = task.wanted[task.left].max_side_px
    affine = map_onto(left, right)
    left.thumbnail((side, side), Image.Resampling.BOX, reducing_gap=None)
    laid = right.resize(left.size) if affine is None else laid_onto(right, affine, left.width, left.height)
    corners = _WHOLE if affine is None else corners_of(affine)
    return PairPreview(encoded_small(left, side), encoded_small(laid, side), corners, aligned=affine is not None)


def _opened(raw: RawImage, wanted: Wanted) -> Image.Image | str:
    """The reduced picture, RGB, or why there is none."""
    if raw.problem is not None:
        return UNREADABLE
    if sha256(raw.data).hexdigest() != wanted.sha256:
        return CHANGED
    if wanted.blur_text:
        return blurred(raw.data, wanted.max_side_px) or UNREADABLE
    return decode(raw.data, wanted.max_side_px).colour or UNREADABLE
