"""The path of a file that may come from anybody comes in; its bytes go out, if it is a regular file and not too large.

The one door through which the package reads files of strangers.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO


def read_regular_file(path: Path, max_bytes: int) -> bytes:
    """Reads a file whole; a pipe is not waited for, a device not read to its end, which it may not have.

    Raises:
        OSError: it cannot be read, is no regular file (EINVAL), or has more bytes (EFBIG); `strerror` says so.
    """
    with open_regular_file(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > max_bytes:
            raise OSError(errno.EFBIG, f"has {size:,} bytes; at most {max_bytes:,} are read")
        return file.read(max_bytes)


def open_regular_file(path: Path) -> BinaryIO:
    """Opens a file to be read in parts.

    Raises:
        OSError: it cannot be read, or is no regular file (EINVAL).
    """
    # Opening a pipe for reading would wait for a writer.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "is not a regular file")
    return os.fdopen(descriptor, "rb")
