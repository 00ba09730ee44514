"""The duplicates that an earlier run found come in and go out as texts of a cache, by all fingerprints together."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from importlib.resources import files
from typing import Any

import numpy as np

from kvqa_audit.cache.texts import Cache
from kvqa_audit.duplicates.find import DistanceBin, DuplicateResult
from kvqa_audit.json_text import value_of_json
from kvqa_audit.model import DuplicatePair, ImageFingerprint, Tier

MAX_PAIRS_KEPT = 100_000


def known_duplicates(cache: Cache, fingerprints: Sequence[ImageFingerprint], mode: str) -> DuplicateResult | None:
    """What was found among the same fingerprints before; their order does not matter."""
    key = _key(fingerprints, mode)
    text = cache.find([key], _version()).get(key)
    return None if text is None else _read(text)


def keep_duplicates(cache: Cache, fingerprints: Sequence[ImageFingerprint], mode: str, found: DuplicateResult) -> None:
    """Keeps what was found; of a set with very many pairs, nothing."""
    if len(found.pairs) <= MAX_PAIRS_KEPT:
        cache.keep([(_key(fingerprints, mode), json.dumps(asdict(found)))], _version())


def _version() -> str:
    """A digest of this package's own code: whatever is changed in it, nothing found before holds any more."""
    digest = hashlib.sha256(np.__version__.encode())
    for file in sorted(files("kvqa_audit.duplicates").iterdir(), key=lambda file: file.name):
        if file.name.endswith(".py"):
            digest.update(file.read_bytes())
    return digest.hexdigest()


def _key(fingerprints: Sequence[ImageFingerprint], mode: str) -> str:
    digest = hashlib.sha256(mode.encode())
    for one in sorted(fingerprints, key=lambda found: (found.img_id, found.path)):
        facts = (one.img_id, one.path, one.size_bytes, one.sha256, one.full_pixel_digest, one.problem)
        digest.update(repr((*facts, one.decoder, one.algorithm)).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def _read(text: str) -> DuplicateResult | None:
    """None where the text is not what `keep_duplicates` writes: duplicates are then looked for again."""
    try:
        found: dict[str, Any] = value_of_json(text)
        pairs = tuple(DuplicatePair(**{**pair, "tier": Tier(pair["tier"])}) for pair in found["pairs"])
        curve = tuple(DistanceBin(**distance) for distance in found["curve"])
        return DuplicateResult(**{**found, "pairs": pairs, "curve": curve, "notes": tuple(found["notes"])})
    except (ValueError, TypeError, KeyError):
        return None
