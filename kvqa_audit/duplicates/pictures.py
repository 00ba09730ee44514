"""Fingerprints come in, one after the other; what the search for duplicates needs of them goes out, in columns."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from kvqa_audit.duplicates.exact import Classes, classes_of
from kvqa_audit.duplicates.hash_distances import HASH_BITS, Hashes, hashes_from_hex
from kvqa_audit.duplicates.rows_on_disk import RowsOnDisk
from kvqa_audit.images.hashes import THUMBNAIL_SIDE_PX
from kvqa_audit.model import ImageFingerprint

_PICTURES_PER_BLOCK = 256
_NO_HASH = "0" * (HASH_BITS // 4)
_NO_THUMBNAIL = bytes(THUMBNAIL_SIDE_PX**2)


@dataclass(frozen=True)
class Pictures:
    """Pictures sorted by id and path; their thumbnails lie on disk.

    `by_bytes` and `by_pixels` are the classes of those whose files are equal, and of those whose full decodes were seen
    to be equal in mode, size and every pixel; empty files are in no class. `hashes` is (n, 32) uint8, `grey` is
    (n, 64, 64) uint8; `comparable` says, (n,), which have both.
    """

    img_ids: tuple[str, ...]
    by_bytes: Classes
    by_pixels: Classes
    hashes: Hashes
    comparable: NDArray[np.bool_]
    grey: RowsOnDisk

    @classmethod
    def of(cls, fingerprints: Iterable[ImageFingerprint]) -> Pictures:
        """Goes through the fingerprints once, in whatever order they come, and keeps none of them.

        Raises:
            OutputError: there is no room for the thumbnails.
        """
        names: list[tuple[str, str]] = []
        files: list[str | None] = []
        pixels: list[str | None] = []
        hashes: list[Hashes] = [np.empty((0, HASH_BITS // 8), np.uint8)]
        comparable: list[bool] = []
        grey = RowsOnDisk((0, THUMBNAIL_SIDE_PX, THUMBNAIL_SIDE_PX), np.uint8)
        given = iter(fingerprints)
        while block := list(islice(given, _PICTURES_PER_BLOCK)):
            names += [(one.img_id, one.path) for one in block]
            files += [one.sha256 if one.size_bytes else None for one in block]
            pixels += [one.full_pixel_digest for one in block]
            usable = [len(one.thumbnail) == len(_NO_THUMBNAIL) and one.phash256 is not None for one in block]
            comparable += usable
            hashes.append(hashes_from_hex([one.phash256 or _NO_HASH for one in block]))
            held = [one.thumbnail if use else _NO_THUMBNAIL for one, use in zip(block, usable, strict=True)]
            grey.append(np.frombuffer(b"".join(held), np.uint8).reshape(len(block), THUMBNAIL_SIDE_PX, -1))
        order = sorted(range(len(names)), key=names.__getitem__)
        numbers = np.array(order, np.int64)
        return cls(
            tuple(names[number][0] for number in order),
            classes_of(files[number] for number in order),
            classes_of(pixels[number] for number in order),
            np.concatenate(hashes)[numbers],
            np.array(comparable, np.bool_)[numbers],
            grey.taken(numbers),
        )
