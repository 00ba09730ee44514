"""The fingerprints of two audits come in; which images were added, removed, changed or renamed goes out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable
from dataclasses import dataclass
from typing import Literal

from kvqa_audit.model import ImageFingerprint

Same = Literal["bytes", "pixels", "reduced picture"]
How = Literal[
    "other pixels",
    "other bytes, same pixels",
    "other bytes, same reduced picture",
    "other bytes",
    "now unreadable",
    "now readable",
]
_Content = Callable[[ImageFingerprint], Hashable]


@dataclass(frozen=True, slots=True)
class Renamed:
    """One picture under another id; `same` tells what of it was seen to be equal.

    That is the file's bytes, else all pixels where both audits decoded them, else the grey picture as reduced.
    """

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
    """Pairs ids that went with ids that came, by bytes first; several equal ones in sorted order.

    The reduced picture decides only where one of the two has no digest of all its pixels.
    """
    ways: tuple[tuple[Same, _Content, _Content], ...] = (
        ("bytes", _of_bytes, _of_bytes),
        ("pixels", _of_pixels, _of_pixels),
        ("reduced picture", _of_reduced_alone, _of_reduced),
        ("reduced picture", _of_reduced, _of_reduced_alone),
    )
    pairs: list[Renamed] = []
    for same, of_old, of_new in ways:
        left, right = {one.before for one in pairs}, {one.after for one in pairs}
        pairs += _paired(
            [(of_old(image), image.img_id) for image in gone if image.img_id not in left],
            [(of_new(image), image.img_id) for image in come if image.img_id not in right],
            same,
        )
    return tuple(sorted(pairs, key=lambda one: one.before))


def _paired(gone: list[tuple[Hashable, str]], come: list[tuple[Hashable, str]], same: Same) -> list[Renamed]:
    waiting: dict[Hashable, list[str]] = defaultdict(list)
    for content, img_id in reversed(come):
        waiting[content].append(img_id)
    waiting.pop(None, None)
    pairs = []
    for content, img_id in gone:
        equal = waiting.get(content)
        if equal:
            pairs.append(Renamed(img_id, equal.pop(), same))
    return pairs


def _of_bytes(image: ImageFingerprint) -> Hashable:
    return image.sha256


def _of_pixels(image: ImageFingerprint) -> Hashable:
    """The digest of all pixels, which as those of the reduced ones compares within one decoder and algorithm only."""
    return None if image.full_pixel_digest is None else (image.full_pixel_digest, *_version(image))


def _of_reduced(image: ImageFingerprint) -> Hashable:
    return None if image.pixel_digest is None else (image.pixel_digest, *_version(image))


def _of_reduced_alone(image: ImageFingerprint) -> Hashable:
    return None if image.full_pixel_digest is not None else _of_reduced(image)


def _version(image: ImageFingerprint) -> tuple[str, str]:
    return image.decoder, image.algorithm


def _how(old: ImageFingerprint, new: ImageFingerprint) -> How | None:
    if old.sha256 is not None and old.sha256 == new.sha256:
        return None
    if (old.problem is None) != (new.problem is None):
        return "now readable" if new.problem is None else "now unreadable"
    if old.sha256 is None and new.sha256 is None:
        return None if old.problem == new.problem else "other bytes"
    return _how_pixels(old, new)


def _how_pixels(old: ImageFingerprint, new: ImageFingerprint) -> How:
    if _version(old) != _version(new) or old.pixel_digest is None or new.pixel_digest is None:
        return "other bytes"
    if old.full_pixel_digest is not None and new.full_pixel_digest is not None:
        return "other bytes, same pixels" if old.full_pixel_digest == new.full_pixel_digest else "other pixels"
    if old.pixel_digest == new.pixel_digest:
        return "other bytes, same reduced picture"
    # Each format is reduced in its own way, so that equal pixels in another format may give another digest.
    return "other pixels" if old.format == new.format else "other bytes"
