"""A source comes in; a short text goes out that is another one when the dataset has changed."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from kvqa_audit.errors import SourceError
from kvqa_audit.ingest.hub import hub_id, hub_revision
from kvqa_audit.ingest.image_ids import IMAGES_NAME
from kvqa_audit.regular_file import open_regular_file

_CHUNK_BYTES = 1 << 20


def seen_of(source: str, revision: str | None = None, before: str | None = None) -> str:
    """What there is to see of a dataset: the commit of a Hub dataset, or the digest of all its files.

    Args:
        source: a path, or `hf://owner/name`.
        revision: of a Hub dataset.
        before: what was seen before; where all files have the sizes and times of then, none is read.

    Raises:
        SourceError: it cannot be read.
    """
    named = hub_id(source)
    if named is not None:
        return f"commit {hub_revision(named.repo, named.revision or revision)}"
    try:
        files = sorted(_files(Path(source)))
        listing = f"listing {_listing(files)}"
        if before is not None and before.startswith(f"{listing} "):
            return before
        return f"{listing} content {_content(Path(source), files)}"
    except OSError as error:
        raise SourceError(f"{error.filename or source}: cannot be read: {error.strerror}") from None


def is_unchanged(seen: str, before: str | None) -> bool:
    """Whether two looks saw the same; files that were only touched are the same."""
    return before is not None and seen.rpartition(" ")[2] == before.rpartition(" ")[2]


def _files(source: Path) -> Iterator[Path]:
    """All regular files of a folder; a table, and the folder of its pictures beside it."""
    place = source
    if not source.is_dir():
        source.stat()  # tells of what is not there
        yield source
        place = source.parent / IMAGES_NAME
    if place.is_dir():
        for folder, _, names in os.walk(place, onerror=_raise):
            yield from (path for name in names if (path := Path(folder, name)).is_file())


def _raise(error: OSError) -> None:
    raise error


def _listing(files: list[Path]) -> str:
    listed = hashlib.sha256()
    for path in files:
        facts = path.stat()
        listed.update(os.fsencode(path) + f"\0{facts.st_size} {facts.st_mtime_ns} {facts.st_ino}\n".encode())
    return listed.hexdigest()


def _content(source: Path, files: list[Path]) -> str:
    content = hashlib.sha256()
    for path in files:
        digest = hashlib.sha256()
        if path.is_file():  # a pipe would be waited for, and a device has no end
            with open_regular_file(path) as file:
                while part := file.read(_CHUNK_BYTES):
                    digest.update(part)
        content.update(os.fsencode(path.relative_to(source.parent)) + b"\0" + digest.digest())
    return content.hexdigest()
