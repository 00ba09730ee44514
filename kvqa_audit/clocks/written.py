"""The characters of one line of text come in; which date or clock they may be, and what it says, goes out.

Reading is not perfect: a slash is taken for a 1 or a 7, and a 2 for a 7. So a line that has the shape of a date is
taken for one, and what a digit may be is told by its place: no minute begins with a 7.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

DIGITS = "0123456789"
_LIKE_A_SLASH = "/|lI17"
# What the first digit of a day or a month, an hour, a minute or a second, and a year can be.
_FIRST = {"D": "0123", "H": "012", "S": "012345", "Y": "12", "d": DIGITS}
_NUMBERS = {"D": (1, 31), "H": (0, 23), "S": (0, 59)}
_FIRST_YEAR = 1900


@dataclass(frozen=True, slots=True)
class Form:
    """One way to write a date or a clock.

    `cells` has one letter for each character: D, H, S and Y for the first digit of a day or month, an hour, a minute or
    second, and a year, d for any other digit; everything else stands for itself. `kind` is date, clock or elapsed.
    """

    kind: str
    cells: str

    def allowed(self, place: int) -> str:
        """The characters that may stand there."""
        return _FIRST.get(self.cells[place], self.cells[place])

    def has_shape(self, text: str) -> bool:
        """Whether it has digits where digits stand, and separators, or what they are taken for, between them."""
        return len(text) == len(self.cells) and all(
            character in (DIGITS if cell in _FIRST else _LIKE_A_SLASH if cell == "/" else cell)
            for cell, character in zip(self.cells, text, strict=True)
        )

    def numbers(self) -> Iterator[tuple[int, tuple[str, ...]]]:
        """Where each of its numbers begins, and all that it can be, written out."""
        for found in re.finditer("[DHSY]d+", self.cells):
            first, last = _NUMBERS.get(found[0][0], (_FIRST_YEAR, datetime.now(UTC).year))
            yield found.start(), tuple(f"{number:0{len(found[0])}}" for number in range(first, last + 1))

    def can_be(self, text: str) -> bool:
        """Whether there is such a day or such a clock."""
        if len(text) != len(self.cells) or any(one not in self.allowed(place) for place, one in enumerate(text)):
            return False
        numbers = [int(number) for number in re.findall(r"\d+", text)]
        if self.kind != "date":
            return numbers[0] < 24
        year, *both = sorted(numbers, reverse=True)
        return _FIRST_YEAR <= year <= datetime.now(UTC).year and 1 <= min(both) <= 12 and 1 <= max(both) <= 31

    def seconds(self, text: str) -> int:
        """What a clock says."""
        hours, minutes, seconds = map(int, re.findall(r"\d+", text))
        return hours * 3600 + minutes * 60 + seconds


DATES = tuple(Form("date", cells) for sign in "/.-" for cells in (f"Dd{sign}Dd{sign}Yddd", f"Yddd{sign}Dd{sign}Dd"))
CLOCKS = (Form("clock", "Hd:Sd:Sd"), Form("elapsed", "<Hd:Sd:Sd>"))
