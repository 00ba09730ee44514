"""Nothing comes in; what a random sample is drawn of goes out, without an import for those who only name it."""

from __future__ import annotations

from enum import StrEnum

# What is decided about a random sample is no finding of a check: it is never stale.
SAMPLED = "KV500-"
# The sample that is looked at where nobody names another.
SAMPLE_SEED = 1


class Unit(StrEnum):
    """What is drawn: rows of the table, or images with all that is said about them."""

    ANSWERS = "answers"
    IMAGES = "images"


def sample_code(unit: Unit, seed: int) -> str:
    """The code under which decisions about a sample are kept, in place of a check's."""
    return f"{SAMPLED}{unit.value}.{seed}"
