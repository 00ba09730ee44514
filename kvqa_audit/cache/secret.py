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
    """The key in this file, which only its owner may read; another one for this run where none can be kept."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = new_secret()
        try:
            file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            known = read_regular_file(path, _BYTES)
            return known if len(known) == _BYTES else made
        with os.fdopen(file, "wb") as opened:
            opened.write(made)
    except OSError:
        return new_secret()
    return made
