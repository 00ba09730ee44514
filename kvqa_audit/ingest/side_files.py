"""The name of a file comes in; whether an operating system left it there goes out."""

from __future__ import annotations

SIDE_FOLDERS = frozenset({"__MACOSX", "$RECYCLE.BIN", "System Volume Information"})
_NAMES = frozenset({"thumbs.db", "ehthumbs.db", ".ds_store", "desktop.ini", ".directory", "icon\r"})


def is_side_file(name: str) -> bool:
    """Whether a file of this name belongs to a file manager, and not to the dataset."""
    return name.startswith("._") or name.casefold() in _NAMES
