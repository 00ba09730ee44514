"""Verified pairs come in; a defect for each, with both ids and how the pair was verified, goes out."""

from __future__ import annotations

from collections.abc import Iterator

from kvqa_audit.checks.base import Defect, Evidence
from kvqa_audit.model import DuplicatePair, Tier

COPIES = (Tier.IDENTICAL_BYTES, Tier.IDENTICAL_PIXELS, Tier.RE_ENCODE, Tier.NEAR)
_NOT_MOVED = {"identity": "", "light": " in other light", "overlay": " beside what was laid over one"}


def pairs_of(evidence: Evidence, *tiers: Tier) -> Iterator[DuplicatePair]:
    """The pairs of these tiers, in the order of their ids."""
    return (pair for pair in evidence.pairs if pair.tier in tiers)


def facts_of(pair: DuplicatePair) -> dict[str, object]:
    """How a pair was verified, as JSON values."""
    return {
        "images": [pair.left, pair.right],
        "tier": pair.tier.value,
        "distance_bits": pair.distance_bits,
        "similarity": pair.similarity,
        "transform": pair.transform,
        "group": pair.group,
    }


def pair_defect(pair: DuplicatePair, message: str, suggestion: str) -> Defect:
    """A defect about two images."""
    return Defect(message, related=(pair.left, pair.right), evidence=facts_of(pair), suggestion=suggestion)


def alignment(pair: DuplicatePair) -> str:
    """How the pair agrees, in words for a message."""
    done = _NOT_MOVED.get(pair.transform, f" after {pair.transform}")
    return f"similarity {pair.similarity:.3f}{done}, {pair.distance_bits} of 256 hash bits differ"


def sources_by_image(evidence: Evidence) -> dict[str, tuple[str, ...]]:
    """Every image's sources as its rows name them, sorted; an image without rows has none."""
    frame = evidence.table.frame
    found: dict[str, set[str]] = {}
    for img_id, source in zip(frame["img_id"].tolist(), frame["source"].tolist(), strict=True):
        if source.strip():
            found.setdefault(img_id.strip(), set()).add(source.strip())
    return {img_id: tuple(sorted(sources)) for img_id, sources in found.items()}
