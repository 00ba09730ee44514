"""Fingerprints come in; classes of images with identical bytes or identical pixels, and their pairs, go out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from itertools import combinations

from kvqa_audit.model import ImageFingerprint

MAX_CLASS_WITH_ALL_PAIRS = 2_000


def classes_by_bytes(fingerprints: Iterable[ImageFingerprint]) -> list[list[ImageFingerprint]]:
    """Classes of two or more images whose files are equal; empty files are not compared."""
    return _classes((found.sha256 if found.size_bytes else None, found) for found in fingerprints)


def classes_by_pixels(fingerprints: Iterable[ImageFingerprint]) -> list[list[ImageFingerprint]]:
    """Classes of two or more images whose full decodes were seen to be equal in mode, size and every pixel."""
    return _classes((found.full_pixel_digest, found) for found in fingerprints)


def all_pairs(
    members: Sequence[ImageFingerprint], limit: int = MAX_CLASS_WITH_ALL_PAIRS
) -> Iterator[tuple[ImageFingerprint, ImageFingerprint]]:
    """All n(n-1)/2 pairs of a class; of a class above the limit only those with its first member."""
    if len(members) <= limit:
        yield from combinations(members, 2)
    else:
        yield from ((members[0], other) for other in members[1:])


def _classes(keyed: Iterable[tuple[Hashable | None, ImageFingerprint]]) -> list[list[ImageFingerprint]]:
    found: dict[Hashable, list[ImageFingerprint]] = defaultdict(list)
    for key, fingerprint in keyed:
        if key is not None:
            found[key].append(fingerprint)
    return [members for members in found.values() if len(members) > 1]
