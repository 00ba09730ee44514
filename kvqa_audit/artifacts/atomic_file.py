"""A path and its content come in; a file that is whole goes out, or none at all."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kvqa_audit.errors import OutputError

_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def write_atomically(path: Path, content: bytes) -> None:
    """Writes a file beside `path` and renames it: a killed run leaves nothing half-written under the final name.

    What a killed run left under the name of the part is taken over by the next one; two that write at once do so one
    after the other.

    Raises:
        OutputError: the file cannot be written.
    """
    part = path.with_name(f".{os.fsdecode(os.fsencode(path.name)[:200])}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _own(part) as descriptor:
            os.ftruncate(descriptor, 0)
            left = memoryview(content)
            while left:
                left = left[os.write(descriptor, left) :]
            os.fsync(descriptor)
            part.replace(path)
    except OSError as error:
        raise OutputError(
            f"{path}: cannot be written: {error.strerror}; give another folder with --out, or make room in this one"
        ) from None


@contextmanager
def _own(part: Path) -> Iterator[int]:
    """A descriptor of this file that no other process writes; the file is gone at the end, if it is not renamed."""
    while True:
        try:
            descriptor = os.open(part, _FLAGS, 0o666)
        except OSError as error:
            if error.errno not in (errno.ELOOP, errno.ENXIO):
                raise
            part.unlink()  # a link, or a pipe that nobody reads: not what this function writes
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
                # Not what this function writes: a pipe, or another name of some other file.
                part.unlink()
            elif _is_at(found, part):
                try:
                    yield descriptor
                finally:
                    if _is_at(found, part):
                        part.unlink()
                return
        finally:
            os.close(descriptor)


def _is_at(found: os.stat_result, path: Path) -> bool:
    try:
        there = path.lstat()
    except FileNotFoundError:
        return False
    return (there.st_dev, there.st_ino) == (found.st_dev, found.st_ino)
