"""A path and its content come in; a file that is whole goes out, or none at all."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

from kvqa_audit.errors import OutputError


def write_atomically(path: Path, content: bytes) -> None:
    """Writes a file beside `path` and renames it: a killed run leaves nothing half-written under the final name.

    Raises:
        OutputError: the file cannot be written.
    """
    part = path.with_name(f".{path.name[:200]}.{uuid.uuid4().hex}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with part.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(
            f"{path}: cannot be written: {error.strerror}; give another folder with --out, or make room in this one"
        ) from None
