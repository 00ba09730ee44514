"""Texts come in and go out by key and version: what may be worked out anew at any time, in a database of its own."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Protocol

from kvqa_audit.cache.damage import UNUSABLE, is_damage

UNUSED_DAYS = 90.0
_DAY_SECONDS = 86_400
_BUSY_SECONDS = 10.0
_KEYS_A_QUERY = 500
_SCHEMA = """
CREATE TABLE IF NOT EXISTS texts (
    key TEXT NOT NULL, version TEXT NOT NULL, used_at INTEGER NOT NULL, text TEXT NOT NULL,
    PRIMARY KEY (key, version)
) WITHOUT ROWID
"""


class Cache(Protocol):
    """Texts that may be worked out anew at any time; it may forget them, and never raises."""

    def find(self, keys: Collection[str], version: str) -> dict[str, str]:
        """Key → text, for those of the keys that are known in this version."""
        ...

    def keep(self, texts: Iterable[tuple[str, str]], version: str) -> None:
        """Keeps texts by their keys; `version` is what their validity hangs on besides."""
        ...


class TextCache:
    """A `Cache` in a database; one that cannot be used gives nothing and keeps nothing.

    Args:
        path: the database; two runs may use it at once, and so may threads.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def find(self, keys: Collection[str], version: str) -> dict[str, str]:
        """As `Cache.find`."""
        known: dict[str, str] = {}
        wanted = sorted(set(keys))
        with contextlib.suppress(*UNUSABLE), self._opened() as database:
            for start in range(0, len(wanted), _KEYS_A_QUERY):
                part = wanted[start : start + _KEYS_A_QUERY]
                marks = ", ".join("?" * len(part))
                query = f"UPDATE texts SET used_at = ? WHERE version = ? AND key IN ({marks}) RETURNING key, text"  # noqa: S608 - question marks only
                known.update(database.execute(query, (int(time.time()), version, *part)))
        return known

    def keep(self, texts: Iterable[tuple[str, str]], version: str) -> None:
        """As `Cache.keep`; forgets those that no run used for 90 days."""
        now = int(time.time())
        rows = [(key, version, now, text) for key, text in texts]
        with contextlib.suppress(*UNUSABLE), self._opened() as database:
            database.executemany("INSERT OR REPLACE INTO texts VALUES (?, ?, ?, ?)", rows)
            database.execute("DELETE FROM texts WHERE used_at <= ?", (_before(UNUSED_DAYS),))

    def count(self) -> int:
        """How many texts are kept, of all versions."""
        with contextlib.suppress(*UNUSABLE), self._opened() as database:
            return int(database.execute("SELECT count(*) FROM texts").fetchone()[0])
        return 0

    def prune(self, unused_days: float = UNUSED_DAYS) -> int:
        """Forgets what no run has used for so many days, of all versions; gives the number of texts forgotten."""
        with contextlib.suppress(*UNUSABLE), self._opened() as database:
            return database.execute("DELETE FROM texts WHERE used_at <= ?", (_before(unused_days),)).rowcount
        return 0

    @contextlib.contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        """The database, in one transaction; one that is damaged is removed, and the next use makes it anew."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            with contextlib.closing(sqlite3.connect(self.path, timeout=_BUSY_SECONDS)) as database, database:
                database.execute(_SCHEMA)
                yield database
        except UNUSABLE as error:
            if is_damage(error):
                self.path.unlink(missing_ok=True)
            raise


def _before(unused_days: float) -> int:
    return int(time.time() - unused_days * _DAY_SECONDS)
