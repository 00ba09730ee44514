"""`kvqa-audit cache`: a number of days comes in; what the cache holds, and what was forgotten, goes out."""

from __future__ import annotations

import sys
from typing import Annotated

import typer


def cache(
    prune_days: Annotated[
        float | None, typer.Option(min=0, help="Forget the fingerprints that no run used for so many days; 0: all.")
    ] = None,
) -> None:
    """Tell where fingerprints are kept, and forget old ones."""
    from kvqa_audit.images.cache import FingerprintCache

    with FingerprintCache() as kept:
        if prune_days is not None:
            sys.stdout.write(f"forgotten: {kept.prune(prune_days):,} fingerprints\n")
        count = kept.count()
        notes = list(kept.notes)
    megabytes = sum(part.stat().st_size for part in kept.path.parent.glob(f"{kept.path.name}*")) / 1e6
    sys.stdout.write(f"{kept.path}: {count:,} fingerprints, {megabytes:.1f} MB\n")
    for note in notes:
        sys.stderr.write(f"kvqa-audit: {note}\n")
    raise typer.Exit(2 if notes else 0)
