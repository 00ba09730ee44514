"""Fingerprints of earlier runs come in and go out, by the content of the image: a database in the user's folder."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from operator import itemgetter
from pathlib import Path
from types import TracebackType
from typing import Any

from kvqa_audit.cache.damage import UNUSABLE, is_damage
from kvqa_audit.ingest.image_place import ImagePlace
from kvqa_audit.model import ImageFingerprint

_BUSY_SECONDS = 30.0
_DAY_SECONDS = 86_400
_NAMES_A_QUERY = 500
_OF_THE_FILE = ("img_id", "path", "size_bytes", "decoder", "algorithm")
_COLUMNS = tuple(one.name for one in fields(ImageFingerprint) if one.name not in _OF_THE_FILE)
_SEPARATOR = ";"
_IN_ORDER = itemgetter(*((*_OF_THE_FILE, *_COLUMNS).index(one.name) for one in fields(ImageFingerprint)))
_EMBEDDED = [one.name for one in fields(ImageFingerprint)].index("embedded")
_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS fingerprints (
    version TEXT NOT NULL, used_at INTEGER NOT NULL, checksum INTEGER NOT NULL, {", ".join(_COLUMNS)}
);
CREATE UNIQUE INDEX IF NOT EXISTS by_content ON fingerprints (sha256, version);
CREATE TABLE IF NOT EXISTS files (
    location TEXT PRIMARY KEY, stamp TEXT NOT NULL, path TEXT NOT NULL, size_bytes INTEGER NOT NULL,
    sha256 TEXT NOT NULL, used_at INTEGER NOT NULL, checksum INTEGER NOT NULL
) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Kept:
    """An unchanged file's image: its path and size, and the fingerprint's fields that hang on the content alone."""

    path: str
    size_bytes: int
    values: tuple[Any, ...]

    def fingerprint(self, img_id: str, decoder: str, algorithm: str) -> ImageFingerprint:
        return from_values(self.values, img_id, self.path, self.size_bytes, decoder, algorithm)


class FingerprintCache:
    """Fingerprints by content and version, and an index that tells unchanged files without reading them.

    Never raises: a cache that cannot be used gives nothing and keeps nothing, a damaged one is set aside and made
    anew, and `notes` says so. What is kept is committed batch by batch and survives a killed run; two runs may use it
    at once, and so may threads. The file's name holds the layout, so that two versions of this package do not disturb
    each other.
    """

    def __init__(self, folder: Path) -> None:
        layout = zlib.crc32(_SCHEMA.encode())
        self.path = folder / f"fingerprints-{layout:08x}.sqlite"
        self.notes: list[str] = []
        self._lock = threading.RLock()
        self._database: sqlite3.Connection | None = None
        self._guarded(self._open)

    def __enter__(self) -> FingerprintCache:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def find_unchanged(self, places: Sequence[ImagePlace], version: str) -> dict[str, Kept]:
        """Location → what is kept, for the places whose file has not changed since it was last read."""
        found: dict[str, Kept] = {}
        places = [place for place in places if _is_utf8(place.location)]
        self._guarded(lambda: found.update(self._select_unchanged(places, version)))
        return found

    def keep(
        self, fingerprints: Sequence[ImageFingerprint], places: Sequence[tuple[ImagePlace, ImageFingerprint]]
    ) -> None:
        """Keeps fingerprints by content, and for places which content their file had; one commit."""
        named = [(place, one) for place, one in places if _is_utf8(place.location) and _is_utf8(one.path)]
        self._guarded(lambda: self._insert(fingerprints, named))

    def lookup(self) -> FingerprintLookup:
        """What finds fingerprints in another process, which it can be sent to."""
        return FingerprintLookup(self.path)

    def count(self) -> int:
        """How many fingerprints are kept."""
        found: list[int] = []
        self._guarded(lambda: found.extend(self._opened().execute("SELECT count(*) FROM fingerprints").fetchone()))
        return sum(found)

    def prune(self, unused_days: float = 90.0) -> int:
        """Forgets what no run has used for so many days; gives the number of fingerprints forgotten."""
        before = int(time.time() - unused_days * _DAY_SECONDS)
        forgotten: list[int] = []

        def delete() -> None:
            database = self._opened()
            with database:
                database.execute("DELETE FROM files WHERE used_at <= ?", (before,))
                forgotten.append(database.execute("DELETE FROM fingerprints WHERE used_at <= ?", (before,)).rowcount)
            database.execute("VACUUM")

        self._guarded(delete)
        return sum(forgotten)

    def close(self) -> None:
        with self._lock:
            if self._database is not None:
                with contextlib.suppress(sqlite3.Error):
                    self._database.close()
                self._database = None

    def _open(self) -> None:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._database = sqlite3.connect(self.path, timeout=_BUSY_SECONDS, check_same_thread=False)
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=NORMAL")
        self._database.executescript(_SCHEMA)

    def _opened(self) -> sqlite3.Connection:
        if self._database is None:
            raise sqlite3.OperationalError("the cache is closed")
        return self._database

    def _guarded(self, action: Callable[[], None]) -> None:
        with self._lock:
            if self._database is None and action != self._open:
                return
            try:
                action()
            except UNUSABLE as error:
                self.close()
                if is_damage(error):
                    self._set_aside(error)
                else:
                    self.notes.append(f"The cache {self.path} is not used: {error}")

    def _set_aside(self, error: Exception) -> None:
        aside = self.path.with_name(f"{self.path.name}.damaged-{time.time_ns()}")
        self.notes.append(f"The cache {self.path} is damaged ({error}); it was set aside as {aside.name} and made anew")
        try:
            self.path.replace(aside)
            for ending in ("-wal", "-shm"):
                Path(f"{self.path}{ending}").unlink(missing_ok=True)
            self._open()
        except UNUSABLE as again:
            self.notes.append(f"The cache {self.path} is not used: {again}")
            self.close()

    def _select_unchanged(self, places: Sequence[ImagePlace], version: str) -> Iterator[tuple[str, Kept]]:
        database = self._opened()
        stale_before = int(time.time()) - _DAY_SECONDS
        stale = False
        values_of_p = ", ".join(f"p.{name}" for name in _COLUMNS)
        for start in range(0, len(places), _NAMES_A_QUERY):
            stamps = {place.location: place.stamp for place in places[start : start + _NAMES_A_QUERY]}
            marks = ",".join("?" * len(stamps))
            rows = database.execute(
                f"SELECT f.location, f.stamp, f.path, f.size_bytes, f.sha256, f.checksum, "  # noqa: S608 - names of this module
                f"CAST(f.used_at AS INTEGER), p.checksum, {values_of_p} "
                f"FROM files f JOIN fingerprints p ON p.sha256 = f.sha256 AND p.version = ? "
                f"WHERE f.location IN ({marks})",
                (version, *stamps),
            )
            for *file, of_file, used_at, of_values, values in ((*row[:8], row[8:]) for row in rows):
                location, stamp, path, size_bytes, _ = file
                if stamps[location] == stamp and (of_file, of_values) == (_checksum(file), _checksum(values)):
                    stale = stale or used_at < stale_before
                    yield location, Kept(path, size_bytes, values)
        if stale:
            self._touch([place.location for place in places], version)

    def _touch(self, locations: Sequence[str], version: str) -> None:
        database, now = self._opened(), int(time.time())
        with database:
            for location in locations:
                database.execute("UPDATE files SET used_at = ? WHERE location = ?", (now, location))
                database.execute(
                    "UPDATE fingerprints SET used_at = ? WHERE version = ? "
                    "AND sha256 = (SELECT sha256 FROM files WHERE location = ?)",
                    (now, version, location),
                )

    def _insert(
        self, fingerprints: Sequence[ImageFingerprint], places: Sequence[tuple[ImagePlace, ImageFingerprint]]
    ) -> None:
        database, now = self._opened(), int(time.time())
        marks = ",".join("?" * (len(_COLUMNS) + 3))
        rows = ((version_of(one.decoder, one.algorithm), _values(one)) for one in fingerprints)
        files = ((place.location, place.stamp, one.path, one.size_bytes, one.sha256) for place, one in places)
        with database:
            database.executemany(
                f"INSERT OR REPLACE INTO fingerprints (version, used_at, checksum, {', '.join(_COLUMNS)}) "  # noqa: S608 - names of this module
                f"VALUES ({marks})",
                ((version, now, _checksum(values), *values) for version, values in rows),
            )
            database.executemany(
                "INSERT OR REPLACE INTO files (location, stamp, path, size_bytes, sha256, used_at, checksum) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                ((*file, now, _checksum(file)) for file in files),
            )


class FingerprintLookup:
    """Looks fingerprints up by content, in whatever process it was sent to; what is wrong is nothing found."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._database: sqlite3.Connection | None = None

    def __reduce__(self) -> tuple[type[FingerprintLookup], tuple[Path]]:
        return FingerprintLookup, (self._path,)

    def find(self, sha256: str, version: str) -> tuple[Any, ...] | None:
        """The fingerprint's fields that depend on the content alone, or None."""
        try:
            if self._database is None:
                self._database = sqlite3.connect(f"{self._path.as_uri()}?mode=ro", uri=True, timeout=1.0)
            row = self._database.execute(
                f"SELECT checksum, {', '.join(_COLUMNS)} FROM fingerprints WHERE sha256 = ? AND version = ?",  # noqa: S608 - names of this module
                (sha256, version),
            ).fetchone()
        except UNUSABLE:
            return None
        return tuple(row[1:]) if row is not None and row[0] == _checksum(row[1:]) else None

    def close(self) -> None:
        if self._database is not None:
            self._database.close()
            self._database = None


def _is_utf8(name: str) -> bool:
    """Whether a name can be kept as text; a file with another one is read anew in every run."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def version_of(decoder: str, algorithm: str) -> str:
    """What a fingerprint's validity hangs on, besides the content."""
    return f"{decoder} {algorithm}"


def from_values(
    values: tuple[Any, ...], img_id: str, path: str, size_bytes: int, decoder: str, algorithm: str
) -> ImageFingerprint:
    """A fingerprint out of the values of the cache and what hangs on the file."""
    ordered = list(_IN_ORDER((img_id, path, size_bytes, decoder, algorithm, *values)))
    written = ordered[_EMBEDDED]
    ordered[_EMBEDDED] = tuple(filter(None, written.split(_SEPARATOR))) if written else ()
    return ImageFingerprint(*ordered)


def _checksum(values: Sequence[Any]) -> int:
    """Tells values that were changed in the file, by whatever means, from those that were kept: not a secret."""
    return zlib.crc32(repr(tuple(values)).encode())


def _values(one: ImageFingerprint) -> tuple[Any, ...]:
    """The columns' values; the categories of embedded metadata are one text."""
    named = {name: getattr(one, name) for name in _COLUMNS}
    return tuple({**named, "embedded": _SEPARATOR.join(one.embedded)}.values())
