"""A shard of images comes in; where each image's bytes are, with a stamp that changes when the file does, goes out."""

from __future__ import annotations

import os
import stat
import time

from kvqa_audit.cache.fingerprints import Place
from kvqa_audit.ingest.dataset import ImageShard
from kvqa_audit.ingest.image_folder import FolderShard

# A file changed within one tick of the clock after it was read would keep its stamp, so young files are not trusted.
_TICK_NS = 20_000_000


def places_of(shard: ImageShard) -> dict[str, Place]:
    """Image id → place, for the images whose file can be told unchanged without reading it.

    Args:
        shard: image files below a folder, or one file (`path`) that holds many images; others have no places.
    """
    if isinstance(shard, FolderShard):
        root = os.path.abspath(shard.root)  # noqa: PTH100 - links stay as they are
        stamps = ((img_id, relative, _stamp(f"{root}/{relative}")) for img_id, relative in shard.files)
        return {img_id: Place(f"{root}\0{relative}", stamp) for img_id, relative, stamp in stamps if stamp}
    path = getattr(shard, "path", None)
    if not isinstance(path, str):
        return {}
    stamp = _stamp(path)
    if stamp is None:
        return {}
    absolute = os.path.abspath(path)  # noqa: PTH100 - links stay as they are
    where = f"{absolute}\0{getattr(shard, 'image_column', '')}"
    return {img_id: Place(f"{where}\0{img_id}", stamp) for img_id in shard.ids}


def _stamp(path: str) -> str | None:
    try:
        found = os.lstat(path)
    except (OSError, ValueError):
        return None
    if not stat.S_ISREG(found.st_mode) or time.time_ns() - found.st_ctime_ns < _TICK_NS:
        return None
    return f"{found.st_size}:{found.st_mtime_ns}:{found.st_ctime_ns}:{found.st_dev}:{found.st_ino}"
