"""A folder comes in; the random key that is kept there, made where there is none, goes out."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from kvqa_audit.regular_file import read_regular_file

_BYTES = 32


def new_secret() -> bytes:
    """A random key."""
    return secrets.token_bytes(_BYTES)


def kept_secret(path: Path) -> bytes:
    """The key in this file, which only its owner may read; another one for this run where none can be kept.

    Processes that make it at once all get the same; one that was cut off while it was written is made anew.
    """
    made = new_secret()
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if (known := _known(path)) is not None:
            return known
        beside = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
        try:
            with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as opened:
                opened.write(made)
            _put_whole(beside, path)
        finally:
            beside.unlink(missing_ok=True)
        return _known(path) or made
    except OSError:
        return made


def _put_whole(beside: Path, path: Path) -> None:
    """Gives a file its name, unless a whole key has that: no other process ever sees a part of it."""
    try:
        os.link(beside, path)
    except FileExistsError:
        if _known(path) is None:
            beside.replace(path)
    except OSError:  # a file system without links
        beside.replace(path)


def _known(path: Path) -> bytes | None:
    try:
        found = read_regular_file(path, _BYTES)
    except FileNotFoundError:
        return None
    return found if len(found) == _BYTES else None
