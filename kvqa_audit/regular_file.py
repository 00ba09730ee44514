"""The path of a file that may come from anybody comes in; its bytes go out, if it is a regular file and not too large.

The one door through which the package reads a file whole.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path


def read_regular_file(path: Path, max_bytes: int) -> bytes:
    """Reads a file whole; a pipe is not waited for, a device not read to its end, which it may not have.

    Raises:
        OSError: it cannot be read, is no regular file (EINVAL), or has more bytes (EFBIG); `strerror` says so.
    """
    # Opening a pipe for reading would wait for a writer.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "is not a regular file")
        if found.st_size > max_bytes:
            raise OSError(errno.EFBIG, f"has {found.st_size:,} bytes; at most {max_bytes:,} are read")
        return file.read(max_bytes)
