"""A date and clocks come in; what tells only which readings belong together goes out, under a secret.

A keyed hash stands for the day, and the clock is moved by a number that the key and the day give: within a day
distances are right, and nothing else is told. Who has the key can try all days there were, so it protects what was
written to people without it: a copy of the cache's database, not the whole folder in which the key lies beside it.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import Literal

Seen = Literal["certain", "uncertain", "nothing"]


@dataclass(frozen=True, slots=True)
class HiddenReading:
    """What was read in one image, with nothing in clear.

    `day` is equal for readings of one day, and "" where none is certain. `clock` and `elapsed` are in seconds, the
    clock from an unknown moment of the day; None where they are not there or not certain. `form` is how the date is
    written. `problem` says why the image could not be looked at.
    """

    img_id: str
    seen: Seen = "nothing"
    day: str = ""
    clock: int | None = None
    elapsed: int | None = None
    form: str = ""
    problem: str | None = None


def hidden(img_id: str, key: bytes, form: str, date: str, clock: int | None, elapsed: int | None) -> HiddenReading:
    """A certain reading.

    Args:
        key: the secret.
        form: how the date is written.
        date: what it says.
        clock, elapsed: seconds of the day, and since the examination began.
    """
    day = hmac.digest(key, f"day {form} {date}".encode(), hashlib.sha256).hex()[:32]
    moved = int.from_bytes(hmac.digest(key, f"clock {day}".encode(), hashlib.sha256)[:4], "big")
    return HiddenReading(img_id, "certain", day, None if clock is None else clock + moved, elapsed, form)
