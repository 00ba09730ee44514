"""A file comes in; where its images' bytes are, with a stamp that changes when the file does, goes out."""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

# A file changed within one tick of the clock after it was read would keep its stamp, so young files are not trusted.
_TICK_NS = 20_000_000


@dataclass(frozen=True, slots=True)
class ImagePlace:
    """Where an image's bytes are: `location` is the file (and the part of it), `stamp` changes when the file does."""

    location: str
    stamp: str


def places_in_file(path: str, column: str, row_ids: Sequence[str], ids: Iterable[str]) -> dict[str, ImagePlace]:
    """Image id → place, for images in one column of one file; empty where the file cannot be told unchanged.

    Args:
        row_ids: the id of each row, which says what picture an id is given.
    """
    stamp = stamp_of(path)
    if stamp is None:
        return {}
    rows = hashlib.sha256("\0".join(row_ids).encode("utf-8", "surrogatepass")).hexdigest()
    where = f"{os.path.abspath(path)}\0{column}\0{rows}"  # noqa: PTH100 - links stay as they are
    return {img_id: ImagePlace(f"{where}\0{img_id}", stamp) for img_id in ids}


def stamp_of(path: str) -> str | None:
    """What changes when a file does; None where it is no plain file, or too young to be told from a later one."""
    try:
        found = os.lstat(path)
    except (OSError, ValueError):
        return None
    if not stat.S_ISREG(found.st_mode) or time.time_ns() - found.st_ctime_ns < _TICK_NS:
        return None
    return f"{found.st_size}:{found.st_mtime_ns}:{found.st_ctime_ns}:{found.st_dev}:{found.st_ino}"
