"""The fingerprints of two audits come in; which images were added, removed, changed or renamed goes out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable
from dataclasses import dataclass
from typing import Literal

from kvqa_audit.model import ImageFingerprint

Same = Literal["bytes", "pixels"]
How = Literal["other pixels", "other bytes, same pixels", "other bytes", "now unreadable", "now readable"]


@dataclass(frozen=True, slots=True)
class Renamed:
    """One picture under another id; `same` tells whether the file's bytes are equal or only its pixels."""

    before: str
    after: str
    same: Same


@dataclass(frozen=True, slots=True)
class ImageChange:
    """One id whose file is another one now."""

    img_id: str
    how: How


@dataclass(frozen=True, slots=True)
class ImageChanges:
    """What became of the images; `before` and `after` are the numbers of images. All lists are sorted by id."""

    before: int
    after: int
    added: tuple[str, ...]
    removed: tuple[str, ...]
    renamed: tuple[Renamed, ...]
    changed: tuple[ImageChange, ...]
    unchanged: int

    @property
    def new_names(self) -> dict[str, str]:
        """Earlier id → today's id of the renamed images."""
        return {one.before: one.after for one in self.renamed}


def image_changes(before: Iterable[ImageFingerprint], after: Iterable[ImageFingerprint]) -> ImageChanges:
    """Compares images by id, and those whose id is on one side only by their content."""
    old = {image.img_id: image for image in before}
    new = {image.img_id: image for image in after}
    gone = [old[img_id] for img_id in sorted(old.keys() - new.keys())]
    come = [new[img_id] for img_id in sorted(new.keys() - old.keys())]
    renamed = _renamed(gone, come)
    changes = [(img_id, _how(old[img_id], new[img_id])) for img_id in sorted(old.keys() & new.keys())]
    changed = tuple(ImageChange(img_id, how) for img_id, how in changes if how is not None)
    return ImageChanges(
        before=len(old),
        after=len(new),
        added=_others(come, {one.after for one in renamed}),
        removed=_others(gone, {one.before for one in renamed}),
        renamed=renamed,
        changed=changed,
        unchanged=len(changes) - len(changed),
    )


def _others(images: Iterable[ImageFingerprint], ids: Collection[str]) -> tuple[str, ...]:
    return tuple(image.img_id for image in images if image.img_id not in ids)


def _renamed(gone: list[ImageFingerprint], come: list[ImageFingerprint]) -> tuple[Renamed, ...]:
    """Pairs ids that went with ids that came, first by bytes, then by pixels; several equal ones in sorted order."""
    by_bytes = _paired(gone, come, _of_bytes, "bytes")
    left = [image for image in gone if image.img_id not in {one.before for one in by_bytes}]
    right = [image for image in come if image.img_id not in {one.after for one in by_bytes}]
    return tuple(sorted([*by_bytes, *_paired(left, right, _of_pixels, "pixels")], key=lambda one: one.before))


def _paired(
    gone: list[ImageFingerprint],
    come: list[ImageFingerprint],
    content: Callable[[ImageFingerprint], Hashable],
    same: Same,
) -> list[Renamed]:
    waiting: dict[Hashable, list[str]] = defaultdict(list)
    for image in reversed(come):
        waiting[content(image)].append(image.img_id)
    waiting.pop(None, None)
    pairs = []
    for image in gone:
        equal = waiting.get(content(image))
        if equal:
            pairs.append(Renamed(image.img_id, equal.pop(), same))
    return pairs


def _of_bytes(image: ImageFingerprint) -> str | None:
    return image.sha256


def _of_pixels(image: ImageFingerprint) -> tuple[str, ...] | None:
    """The digest of the pixels, which compares within one decoder and algorithm only."""
    return None if image.pixel_digest is None else (image.pixel_digest, *_version(image))


def _version(image: ImageFingerprint) -> tuple[str, str]:
    return image.decoder, image.algorithm


def _how(old: ImageFingerprint, new: ImageFingerprint) -> How | None:
    if old.sha256 is not None and old.sha256 == new.sha256:
        return None
    if (old.problem is None) != (new.problem is None):
        return "now readable" if new.problem is None else "now unreadable"
    if old.sha256 is None and new.sha256 is None:
        return None if old.problem == new.problem else "other bytes"
    if _version(old) != _version(new) or old.pixel_digest is None or new.pixel_digest is None:
        return "other bytes"
    return "other bytes, same pixels" if old.pixel_digest == new.pixel_digest else "other pixels"
