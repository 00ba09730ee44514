"""What earlier runs saw in images comes in and goes out as texts of a cache, by the content of the image."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from kvqa_audit.cache.texts import Cache
from kvqa_audit.images.decode import DECODE_VERSION, decoder_version
from kvqa_audit.json_text import value_of_json
from kvqa_audit.overlays.detection import Detection, ImageOverlays, Region

# Goes up whenever a detector gives another answer for the same pixels.
DETECTORS_VERSION = "overlays-4"


def known_overlays(cache: Cache, digests: Mapping[str, str]) -> dict[str, ImageOverlays]:
    """Image id → what was seen, for those of the images (id → SHA-256) that are known."""
    known = cache.find(digests.values(), _version())
    found = {img_id: _read(img_id, known[digest]) for img_id, digest in digests.items() if digest in known}
    return {img_id: image for img_id, image in found.items() if image is not None}


def keep_overlays(cache: Cache, images: Iterable[ImageOverlays], digests: Mapping[str, str]) -> None:
    """Keeps what was seen in images that could be looked at, by the SHA-256 of the image."""
    sound = (one for one in images if one.problem is None and one.img_id in digests)
    cache.keep(((digests[one.img_id], _written(one)) for one in sound), _version())


def _version() -> str:
    return f"{DETECTORS_VERSION}/{DECODE_VERSION}/{decoder_version()}"


def _written(image: ImageOverlays) -> str:
    return json.dumps({"box": _as_list(image.box), "text": _as_list(image.text), "hues": dict(image.hues)})


def _as_list(detection: Detection | None) -> list[Any] | None:
    if detection is None:
        return None
    return [detection.confidence, [[one.x, one.y, one.width, one.height] for one in detection.regions]]


def _read(img_id: str, text: str) -> ImageOverlays | None:
    """None where the text is not what `_written` writes: the image is then looked at again."""
    try:
        found = value_of_json(text)
        return ImageOverlays(
            img_id,
            _detection(found["box"]),
            _detection(found["text"]),
            {str(hue): float(share) for hue, share in found["hues"].items()},
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def _detection(written: list[Any] | None) -> Detection | None:
    if written is None:
        return None
    confidence, regions = written
    return Detection(float(confidence), tuple(Region(*map(float, region)) for region in regions))
