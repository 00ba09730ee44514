"""A name for one file of results comes in; it is refused, before any work, where it would harm what others made."""

from __future__ import annotations

import os
import re
from pathlib import Path

from kvqa_audit.artifacts.out_folder import make_sure_it_is_apart
from kvqa_audit.errors import OutputError

# What every page of this program has in its head.
PAGE = re.compile(rb'<meta name="generator" content="kvqa-audit">')
_MAX_READ_BYTES = 2**20


def make_sure_it_can_be_replaced(path: Path, ours: re.Pattern[bytes], *sources: str | Path) -> None:
    """Lets a name pass that is free, or that of an empty file, or of one that this program wrote.

    Args:
        path: where a file is to be written.
        ours: what stands in every file of its kind that this program writes.
        sources: the datasets that the file is about; they are never changed, so that it may not lie in one.

    Raises:
        OutputError: the name belongs to something else.
    """
    for source in sources:
        make_sure_it_is_apart(path, source)
    if not os.path.lexists(path):
        return
    if not path.is_file():
        raise OutputError(f"{path}: is there already and is not a file; name a new file")
    beginning = beginning_of(path)
    if beginning and not ours.search(beginning):
        raise OutputError(f"{path}: is there already and was not written by kvqa-audit; name a new file")


def beginning_of(path: Path) -> bytes:
    """The first megabyte of a file.

    Raises:
        OutputError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return file.read(_MAX_READ_BYTES)
    except OSError as error:
        raise OutputError(f"{path}: is there already and cannot be read: {error.strerror}; name a new file") from None
