"""The bytes of images come in, in a guarded child; small pictures go out: alone, or as an aligned pair.

The only module here that decodes. Nothing of it runs in the parent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from hashlib import sha256

from PIL import Image

from kvqa_audit.duplicates.aligned import corners_of, laid_onto, map_onto
from kvqa_audit.images.decode import decode
from kvqa_audit.images.each import PickedImages
from kvqa_audit.images.thumbnails import encoded_small
from kvqa_audit.ingest.dataset import RawImage
from kvqa_audit.previews.records import CHANGED, UNREADABLE, WHOLE, PairPreview, PairTask, Preview, Wanted
from kvqa_audit.privacy.blur import blurred


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
    readable: list[Image.Image] = []
    drawn: list[Image.Image] = []
    for img_id, shard in ((task.left, task.left_shard), (task.right, task.right_shard)):
        raw, wanted = next(iter(shard.pick(frozenset([img_id]))), None), task.wanted[img_id]
        # A smeared copy would be laid a little beside its original: its place is sought before anything is smeared.
        sharp = UNREADABLE if raw is None else _opened(raw, replace(wanted, blur_text=False))
        shown = _opened(raw, wanted) if raw is not None and wanted.blur_text else sharp
        if isinstance(sharp, str) or isinstance(shown, str):
            return PairPreview(missing=sharp if isinstance(sharp, str) else str(shown))
        readable.append(sharp)
        drawn.append(shown)
    left, right = drawn
    side = task.wanted[task.left].max_side_px
    affine = map_onto(*readable)
    left.thumbnail((side, side), Image.Resampling.BOX, reducing_gap=None)
    laid = right.resize(left.size) if affine is None else laid_onto(right, affine, left.width, left.height)
    corners = WHOLE if affine is None else corners_of(affine)
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
