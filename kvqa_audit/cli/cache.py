"""`kvqa-audit cache`: a number of days comes in; what the cache holds, and what was forgotten, goes out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer


def cache(
    prune_days: Annotated[
        float | None, typer.Option(min=0, help="Forget the fingerprints that no run used for so many days; 0: all.")
    ] = None,
) -> None:
    """Tell what is kept for the next run, and forget what is old."""
    from kvqa_audit.cache.fingerprints import FingerprintCache
    from kvqa_audit.duplicates.duplicate_cache import DuplicateCache
    from kvqa_audit.overlays.overlay_cache import OverlayCache

    with FingerprintCache() as kept:
        folder = kept.path.parent
        others = {
            "images' boxes and text": OverlayCache(folder).texts,
            "lists of duplicates": DuplicateCache(folder).texts,
        }
        if prune_days is not None:
            forgotten = [f"{kept.prune(prune_days):,} fingerprints"]
            forgotten += [f"{texts.prune(prune_days):,} {name}" for name, texts in others.items()]
            sys.stdout.write(f"forgotten: {', '.join(forgotten)}\n")
        sys.stdout.write(f"{kept.path}: {kept.count():,} fingerprints, {_megabytes(kept.path)}\n")
        notes = list(kept.notes)
    for name, texts in others.items():
        sys.stdout.write(f"{texts.path}: {texts.count():,} {name}, {_megabytes(texts.path)}\n")
    for note in notes:
        sys.stderr.write(f"kvqa-audit: {note}\n")
    raise typer.Exit(2 if notes else 0)


def _megabytes(path: Path) -> str:
    return f"{sum(part.stat().st_size for part in path.parent.glob(f'{path.name}*')) / 1e6:.1f} MB"
