"""What an SQLite file of the cache raised comes in; whether the file is damaged goes out."""

from __future__ import annotations

import sqlite3

# Python decodes what SQLite complains of, which may quote bytes of the file that are no UTF-8.
UNUSABLE = (sqlite3.Error, OSError, UnicodeDecodeError)


def is_damage(error: Exception) -> bool:
    """Whether the file cannot be used any more; the subclasses of this error tell of a lock or a full disk."""
    return type(error) in (sqlite3.DatabaseError, UnicodeDecodeError)
