"""The path of a table comes in; the split that its name or its folder tells goes out."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

_SPLIT = re.compile(
    r"(?<![a-z])(trainval|train|training|validate|validation|valid|val|dev|development|test|testing|eval|evaluation|holdout)"
    r"(?=(?:set|split|\d*)(?![a-z]))"
)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def split_in(name: str) -> str:
    """The word for a split in a name, in lower case; "" where there is none, or more than one."""
    found = set(_SPLIT.findall(_CAMEL.sub("_", name).lower()))
    return found.pop() if len(found) == 1 else ""


def split_of(place: str, part: str = "") -> str:
    """The split that a key in the file tells, or the file's name, or the nearest folder that tells one."""
    path = PurePosixPath(place)
    for name in (part.rpartition(".")[2], path.stem, *reversed(path.parts[:-1])):
        split = split_in(name)
        if split:
            return split
    return ""
