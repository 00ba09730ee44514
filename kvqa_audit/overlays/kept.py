"""What earlier runs saw in images comes in and goes out, by the content of the image: a database in a folder."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from kvqa_audit.images.decode import DECODE_VERSION, decoder_version
from kvqa_audit.overlays.sighting import ImageOverlays, Region, Sighting

# Goes up whenever a detector gives another answer for the same pixels.
DETECTORS_VERSION = "overlays-3"
FILE_NAME = "overlays-1.sqlite"
_UNUSED_SECONDS = 90 * 86_400
_BUSY_SECONDS = 10.0
_NAMES_A_QUERY = 500
_SCHEMA = """
CREATE TABLE IF NOT EXISTS seen (
    sha256 TEXT NOT NULL, version TEXT NOT NULL, used_at INTEGER NOT NULL, found TEXT NOT NULL,
    PRIMARY KEY (sha256, version)
) WITHOUT ROWID
"""


class KeptOverlays:
    """Sightings by the SHA-256 of the image; a database that cannot be used gives nothing and keeps nothing."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE_NAME
        self._version = f"{DETECTORS_VERSION}/{DECODE_VERSION}/{decoder_version()}"

    def find(self, digests: Mapping[str, str]) -> dict[str, ImageOverlays]:
        """Image id → what was seen, for those of the images (id → SHA-256) that are known."""
        wanted = sorted(set(digests.values()))
        known: dict[str, str] = {}
        with contextlib.suppress(sqlite3.Error, OSError), contextlib.closing(self._opened()) as database, database:
            now = int(time.time())
            for start in range(0, len(wanted), _NAMES_A_QUERY):
                part = wanted[start : start + _NAMES_A_QUERY]
                marks = ", ".join("?" * len(part))
                query = f"UPDATE seen SET used_at = ? WHERE version = ? AND sha256 IN ({marks}) RETURNING sha256, found"  # noqa: S608 - question marks only
                known.update(database.execute(query, (now, self._version, *part)))
        found = {img_id: _read(img_id, known[digest]) for img_id, digest in digests.items() if digest in known}
        return {img_id: image for img_id, image in found.items() if image is not None}

    def keep(self, images: Iterable[ImageOverlays], digests: Mapping[str, str]) -> None:
        """Keeps what was seen in images that could be looked at, and forgets what no run used for 90 days."""
        now = int(time.time())
        rows = [
            (digests[one.img_id], self._version, now, _written(one))
            for one in images
            if one.problem is None and one.img_id in digests
        ]
        with contextlib.suppress(sqlite3.Error, OSError), contextlib.closing(self._opened()) as database, database:
            database.executemany("INSERT OR REPLACE INTO seen VALUES (?, ?, ?, ?)", rows)
            database.execute("DELETE FROM seen WHERE used_at < ?", (now - _UNUSED_SECONDS,))

    def _opened(self) -> sqlite3.Connection:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        database = sqlite3.connect(self.path, timeout=_BUSY_SECONDS)
        try:
            database.execute(_SCHEMA)
        except sqlite3.Error:
            database.close()
            raise
        return database


def _written(image: ImageOverlays) -> str:
    return json.dumps({"box": _as_list(image.box), "text": _as_list(image.text), "hues": dict(image.hues)})


def _as_list(sighting: Sighting | None) -> list[Any] | None:
    if sighting is None:
        return None
    return [sighting.confidence, [[one.x, one.y, one.width, one.height] for one in sighting.regions]]


def _read(img_id: str, text: str) -> ImageOverlays | None:
    """None where the text is not what `_written` writes: the image is then looked at again."""
    try:
        found = json.loads(text)
        return ImageOverlays(
            img_id,
            _sighting(found["box"]),
            _sighting(found["text"]),
            {str(hue): float(share) for hue, share in found["hues"].items()},
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def _sighting(written: list[Any] | None) -> Sighting | None:
    if written is None:
        return None
    confidence, regions = written
    return Sighting(float(confidence), tuple(Region(*map(float, region)) for region in regions))
