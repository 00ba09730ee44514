"""The path of a file comes in; its bytes go out, if it is a regular file of a size that can be read at once."""

from __future__ import annotations

import errno
import stat
from pathlib import Path

from kvqa_audit.errors import SourceError
from kvqa_audit.regular_file import read_regular_file

MAX_TABLE_BYTES = 1024**3
LFS_POINTER = b"version https://git-lfs.github.com/spec/v1\n"
_ADVICE = {errno.EINVAL: "Name a file with the table.", errno.EFBIG: "Save it as Parquet."}
_MAX_POINTER_BYTES = 1024
_PACKED = {
    b"\x1f\x8b": "gzip",
    b"PK\x03\x04": "ZIP",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
}


def is_lfs_pointer(data: bytes) -> bool:
    """Whether these bytes are the pointer that Git LFS leaves where the file itself was not fetched."""
    return len(data) <= _MAX_POINTER_BYTES and data.startswith(LFS_POINTER)


def packed_as(data: bytes) -> str | None:
    """The name of the packing that the first bytes tell, None for none."""
    return next((name for start, name in _PACKED.items() if data.startswith(start)), None)


def read_table_bytes(path: Path) -> bytes:
    """Reads a table's file whole.

    Raises:
        SourceError: it cannot be read, is no regular file, is too large, packed, or a pointer of Git LFS.
    """
    try:
        data = read_regular_file(path, MAX_TABLE_BYTES)
    except OSError as error:
        if error.errno in _ADVICE:
            raise SourceError(f"{path}: {error.strerror}. {_ADVICE[error.errno]}") from None
        raise SourceError(f"{path}: cannot be read ({error.strerror or error}). Name a readable file.") from error
    check_head(path, data)
    return data


def check_head(path: Path, data: bytes) -> None:
    """Refuses what stands in a table's place and is none.

    Raises:
        SourceError: the first bytes tell a pointer of Git LFS or a packed file.
    """
    if is_lfs_pointer(data):
        raise SourceError(f"{path}: is a pointer of Git LFS, not the file itself. Fetch it with: git lfs pull")
    packing = packed_as(data)
    if packing is not None:
        raise SourceError(f"{path}: is packed ({packing}). Unpack it first.")


def check_file(path: Path) -> None:
    """Refuses what is no regular file, or stands in a table's place and is none, without reading more than its start.

    Raises:
        SourceError: it is no regular file, cannot be read, is packed, or a pointer of Git LFS.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise SourceError(f"{path}: is not a regular file. Name a file with the table.")
        with path.open("rb") as file:
            check_head(path, file.read(_MAX_POINTER_BYTES))
    except OSError as error:
        raise SourceError(f"{path}: cannot be read ({error.strerror or error}). Name a readable file.") from error
