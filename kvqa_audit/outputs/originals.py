"""A finished audit and the folder of its report come in; where the image files are, seen from there, goes out."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from kvqa_audit.model import AuditRun


def originals_of(run: AuditRun, home: Path) -> Callable[[str], str]:
    """Gives the relative URL of an image's own file by its id, "" where it is no file that is at hand.

    Args:
        run: the audit; images of the Hub and pictures that are packed into a table have no files.
        home: the folder in which the report will lie.
    """
    location = Path(run.dataset.location)
    root = Path(os.path.normpath((location if location.is_dir() else location.parent).absolute()))
    paths = {image.img_id: image.path for image in run.fingerprints if image.path}
    seen_from = os.path.normpath(home.absolute())

    def original(img_id: str) -> str:
        path = Path(os.path.normpath(root / paths.get(img_id, "..")))
        if not path.is_relative_to(root) or not path.is_file():
            return ""
        return quote(os.fsencode(os.path.relpath(path, seen_from)))

    return original
