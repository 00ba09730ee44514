"""Hidden readings come in and go out as texts of a cache, by the content of the image; nothing is in them in clear."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from importlib.metadata import version

from kvqa_audit.cache.texts import Cache
from kvqa_audit.clocks.hidden import HiddenReading
from kvqa_audit.images.decode import DECODE_VERSION, decoder_version
from kvqa_audit.json_text import value_of_json

# Goes up whenever another reading may come of the same pixels.
CLOCKS_VERSION = "clocks-3"


def known_readings(cache: Cache, digests: Mapping[str, str], key: bytes) -> dict[str, HiddenReading]:
    """Image id → what was read, for those of the images (id → SHA-256) that are known under this key."""
    known = cache.find(digests.values(), _version(key))
    found = {img_id: _read(img_id, known[digest]) for img_id, digest in digests.items() if digest in known}
    return {img_id: reading for img_id, reading in found.items() if reading is not None}


def keep_readings(cache: Cache, readings: Iterable[HiddenReading], digests: Mapping[str, str], key: bytes) -> None:
    """Keeps what was read in images that could be looked at, by the SHA-256 of the image."""
    sound = (one for one in readings if one.problem is None and one.img_id in digests)
    cache.keep(((digests[one.img_id], _written(one)) for one in sound), _version(key))


def _version(key: bytes) -> str:
    under = hashlib.sha256(b"which key " + key).hexdigest()[:16]
    return f"{CLOCKS_VERSION}/{DECODE_VERSION}/{decoder_version()}/rapidocr {version('rapidocr')}/{under}"


def _written(reading: HiddenReading) -> str:
    return json.dumps([reading.seen, reading.day, reading.clock, reading.elapsed, reading.form])


def _read(img_id: str, text: str) -> HiddenReading | None:
    """None where the text is not what `_written` writes: the image is then read again."""
    try:
        seen, day, clock, elapsed, form = value_of_json(text)
        if seen not in ("certain", "uncertain", "nothing"):
            return None
        clock, elapsed = (None if one is None else int(one) for one in (clock, elapsed))
        return HiddenReading(img_id, seen, str(day), clock, elapsed, str(form))
    except (ValueError, TypeError):
        return None
