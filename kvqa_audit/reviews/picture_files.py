"""The ids of images come in; the names of the files in which their pictures lie, below a run's folder, go out."""

from __future__ import annotations

from hashlib import sha256

PICTURES = "pictures"
# To look closely at, and to lay on each other.
PICTURE_SIDE_PX, LAID_SIDE_PX = 2_000, 1_000


def picture_name(img_id: str) -> str:
    """The file of one picture, below the run's folder; it holds a reason in words where there is no picture."""
    return f"{PICTURES}/{_digest(img_id)}"


def pair_names(pair: tuple[str, str]) -> tuple[str, str, str]:
    """The files of a pair: the left picture, the right one as it lies on it, and how it lies there."""
    name = _digest("\n".join(pair))
    return f"{PICTURES}/{name}-left", f"{PICTURES}/{name}-right", f"{PICTURES}/{name}-about"


def _digest(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:40]
