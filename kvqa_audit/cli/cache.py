"""`kvqa-audit cache`: a number of days comes in; what the cache holds, and what was forgotten, goes out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from kvqa_audit.cache.fingerprints import FingerprintCache
    from kvqa_audit.cache.texts import TextCache


def cache(
    prune_days: Annotated[
        float | None, typer.Option(min=0, help="Forget the fingerprints that no run used for so many days; 0: all.")
    ] = None,
) -> None:
    """Tell what is kept for the next run, and forget what is old."""
    from kvqa_audit.cache.caches import Caches
    from kvqa_audit.console.terminal import complain, say

    with Caches.open() as caches:
        kinds: dict[str, FingerprintCache | TextCache] = {
            "fingerprints": caches.fingerprints,
            "images' boxes and text": caches.overlays,
            "lists of duplicates": caches.duplicates,
            "judgements of tables": caches.judgements,
            "vectors of images": caches.embeddings,
            "images' clocks": caches.clocks,
        }
        if prune_days is not None:
            forgotten = ", ".join(f"{kept.prune(prune_days):,} {kind}" for kind, kept in kinds.items())
            say(f"forgotten: {forgotten}")
        for kind, kept in kinds.items():
            say(f"{kept.path}: {kept.count():,} {kind}, {_megabytes(kept.path)}")
    for note in caches.fingerprints.notes:
        complain(note)
    raise typer.Exit(2 if caches.fingerprints.notes else 0)


def _megabytes(path: Path) -> str:
    return f"{sum(part.stat().st_size for part in path.parent.glob(f'{path.name}*')) / 1e6:.1f} MB"
