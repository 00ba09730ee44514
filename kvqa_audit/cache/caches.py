"""A folder comes in; everything that is kept there from one run to the next, opened, goes out."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from kvqa_audit.cache.fingerprints import FingerprintCache
from kvqa_audit.cache.texts import TextCache

FOLDER_VARIABLE = "KVQA_AUDIT_CACHE"


def cache_folder() -> Path:
    """Where the cache lives: KVQA_AUDIT_CACHE, or `kvqa-audit` in the user's cache folder as the platform has it."""
    named = os.environ.get(FOLDER_VARIABLE)
    if named:
        return Path(named)
    try:
        return _usual_folder()
    except RuntimeError:
        # A user without a home: nothing can be kept below this, which the cache notes.
        return Path(os.devnull) / "kvqa-audit"


def _usual_folder() -> Path:
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "kvqa-audit"
    base = os.environ.get("LOCALAPPDATA" if sys.platform == "win32" else "XDG_CACHE_HOME", "")
    return (Path(base) if Path(base).is_absolute() else Path.home() / ".cache") / "kvqa-audit"


@dataclass(frozen=True, slots=True)
class Caches:
    """What earlier runs found out, in one folder; use it as a context manager, from whatever threads.

    Attributes:
        fingerprints: of images, by their content.
        overlays: what was seen in images, by their content.
        duplicates: lists of duplicates, by all images together.
        judgements: what was judged of a table, by the table and its description.
        embeddings: vectors that models gave for images, by their content.
        clocks: what was read of dates and clocks in images, hidden, by their content.
        clocks_key: the secret under which that is hidden.
    """

    fingerprints: FingerprintCache
    overlays: TextCache
    duplicates: TextCache
    judgements: TextCache
    embeddings: TextCache
    clocks: TextCache
    clocks_key: Path

    @classmethod
    def open(cls, folder: Path | None = None) -> Caches:
        """Opens the caches in a folder; None is the user's own. Never raises."""
        folder = folder or cache_folder()
        return cls(
            FingerprintCache(folder),
            TextCache(folder / "overlays-2.sqlite"),
            TextCache(folder / "duplicates-1.sqlite"),
            TextCache(folder / "judgements-1.sqlite"),
            TextCache(folder / "embeddings-1.sqlite"),
            TextCache(folder / "clocks-1.sqlite"),
            folder / "clocks.key",
        )

    def __enter__(self) -> Caches:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.fingerprints.close()
