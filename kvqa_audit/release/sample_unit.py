"""Nothing comes in; what a random sample is drawn of goes out, without an import for those who only name it."""

from __future__ import annotations

from enum import StrEnum


class Unit(StrEnum):
    """What is drawn: rows of the table, or images with all that is said about them."""

    ANSWERS = "answers"
    IMAGES = "images"
