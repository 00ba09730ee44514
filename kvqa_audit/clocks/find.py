"""A grey frame and the fonts of the devices come in; the date and the clocks that are written in it go out.

They are looked for where such a device writes: every character's picture is held against every place there, and a line
stands where its characters fit best together. That takes a few milliseconds, where reading any text takes hundreds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kvqa_audit.clocks.fonts import LEAST_GLYPHS, Font, Letters
from kvqa_audit.clocks.samples import Line

_Floats = NDArray[np.float32]

# How far from where dates of a font were seen one is looked for, and how far where none is certain there.
_AROUND_PX, _FAR_AROUND_PX, _BESIDE_PX = 8, 56, 3
# How far characters may come to stand from where they do on average, and by how much more than the one before.
_DRIFT_PX, _STEP_PX, _STEP_COST = 5, 2, 0.01
_LEAST_SEEN = 0.5
_LEAST_MEAN = 0.6
_LEAST_DIGIT_CUT = 0.85
# Of 714 numbers of real frames none above 0.21 was read otherwise than by eye, where all letters were seen often.
_LEAST_EVIDENCE = 0.3
# Less of a digit than this cannot be read in another way either.
_LEAST_DIGIT_OF_TWO = 0.5
# No picture fits a letter without any noise.
_LEAST_NOISE = 0.02


@dataclass(frozen=True, slots=True)
class Found:
    """One line that was read; it never leaves the process.

    (`x`, `y`) is the middle of its first character, `is_whole` says that all of that is in the picture; `mean` is
    how well the characters fit, 1 at most, and `least` how the digit that fits least does. `evidence` is how much
    likelier the picture is under what was read than under the next best number, where the choice was closest: the
    logarithm of the ratio under white noise as strong as what is left of the picture, for one pixel (0 is no evidence).
    """

    line: Line
    x: int
    y: int
    text: str
    is_whole: bool
    mean: float
    least: float
    evidence: float

    def covers(self, other: Found) -> bool:
        """Whether both are in one line of the picture."""
        return abs(self.y - other.y) <= 2 * _BESIDE_PX

    @property
    def is_doubtful(self) -> bool:
        """Whether it is not certain, and would be if another way of reading said the same."""
        return not self.is_certain and self.mean >= _LEAST_MEAN and self.least >= _LEAST_DIGIT_OF_TWO

    @property
    def is_certain(self) -> bool:
        return (
            self.mean >= _LEAST_MEAN
            and self.evidence >= _LEAST_EVIDENCE
            and (self.is_whole or self.least >= _LEAST_DIGIT_CUT)
        )


@dataclass(frozen=True, slots=True)
class FrameText:
    """What one frame says: the date, and each clock that stands where the font's device writes one."""

    date: Found
    clocks: tuple[Found, ...]


def find_clocks(grey: NDArray[np.uint8], fonts: Sequence[Font]) -> tuple[int, FrameText] | None:
    """The number of the font that fits best and what is written in it; None where none of them is seen.

    Args:
        grey: (height, width), of the size at which the fonts were learned.
    """
    found = _read_all(grey, fonts, _AROUND_PX)
    if not any(text.date.is_certain for _, text in found):
        found += [one for one in _read_all(grey, fonts, _FAR_AROUND_PX) if one[1].date.is_certain]
    return max(found, key=lambda one: one[1].date.mean, default=None)


def _read_all(grey: NDArray[np.uint8], fonts: Sequence[Font], around: int) -> list[tuple[int, FrameText]]:
    return [(number, text) for number, font in enumerate(fonts) if (text := _read(grey, font, around)) is not None]


def _read(grey: NDArray[np.uint8], font: Font, around: int) -> FrameText | None:
    date = _Sheet(grey, font.letters).best(
        font.date, (0, font.right + around), (font.top - around, font.bottom + around)
    )
    if date is None or date.mean < _LEAST_SEEN:
        return None
    clocks, sheet = list[Found](), _Sheet(grey, font.clock_letters)
    for line in font.clocks:
        x, y = round(date.x + line.right), round(date.y + line.down)
        clock = sheet.best(line, (x - _BESIDE_PX, x + _BESIDE_PX), (y - _BESIDE_PX, y + _BESIDE_PX))
        if clock is not None and clock.mean >= _LEAST_SEEN:
            clocks.append(clock)
    # Where two kinds of clocks may stand in one place, one of them does.
    best = [one for one in clocks if all(one.mean >= other.mean or not one.covers(other) for other in clocks)]
    return FrameText(date, tuple(best))


class _Sheet:
    """One frame, and how well each of some characters fits at each place of it."""

    def __init__(self, grey: NDArray[np.uint8], letters: Letters) -> None:
        self._grey = grey
        self._letters = letters
        self._half_height, self._half_width = letters.half_size

    def best(self, line: Line, columns: tuple[int, int], rows: tuple[int, int]) -> Found | None:
        """Where in these columns and rows (ends included) the line's first character stands best, and what it says."""
        offsets = [round(offset) for offset in line.offsets]
        fits = self._fits(line, (columns[0] - _DRIFT_PX, columns[1] + offsets[-1] + _DRIFT_PX), rows)
        letters = [[one for one in line.form.allowed(place) if one in fits] for place in range(len(offsets))]
        if not all(letters):
            return None
        wide = columns[1] - columns[0] + 1
        cells = [np.stack([fits[one] for one in of_place]) for of_place in letters]
        near = [
            cell.max(axis=0)[:, offset : offset + wide + 2 * _DRIFT_PX]
            for cell, offset in zip(cells, offsets, strict=True)
        ]
        together = np.mean([_most_beside(one)[:, _DRIFT_PX : _DRIFT_PX + wide] for one in near], axis=0)
        row, column = (int(place) for place in np.unravel_index(int(together.argmax()), together.shape))
        drifts = _drifts(np.stack([one[row, column : column + 2 * _DRIFT_PX + 1] for one in near]))
        here = [
            cell[:, row, column + offset + drift] for cell, offset, drift in zip(cells, offsets, drifts, strict=True)
        ]
        letter_fits = [
            dict(zip(*of_place, strict=True)) for of_place in zip(letters, (fit.tolist() for fit in here), strict=True)
        ]
        x, y = columns[0] + column, rows[0] + row
        return _read_as(line, x, y, letter_fits, self._letters.seen, is_whole=x >= self._half_width - 1)

    def _fits(self, line: Line, columns: tuple[int, int], rows: tuple[int, int]) -> dict[str, _Floats]:
        """Character → how well it fits with its middle at each place, or one pixel beside it; outside it is -1."""
        import cv2

        high, wide = self._half_height, self._half_width
        top, bottom = rows[0] - high, rows[1] + high + 1
        left, right = columns[0] - wide, columns[1] + wide + 1
        height, width = self._grey.shape
        region = self._grey[max(0, top) : bottom, max(0, left) : right]
        missing = ((max(0, -top), max(0, bottom - height)), (max(0, -left), max(0, right - width)))
        region = np.pad(region, missing, mode="constant").astype(np.float32)
        wanted = {one for place in range(len(line.offsets)) for one in line.form.allowed(place)}
        found: dict[str, Any] = {}
        for one in sorted(wanted & self._letters.pictures.keys()):
            fit = cv2.matchTemplate(region, self._letters.pictures[one], cv2.TM_CCOEFF_NORMED)
            found[one] = cv2.dilate(np.nan_to_num(fit, nan=-1.0, posinf=-1.0, neginf=-1.0), np.ones((3, 3), np.uint8))
        return found


def _read_as(
    line: Line, x: int, y: int, fits: Sequence[Mapping[str, float]], seen: Mapping[str, int], *, is_whole: bool
) -> Found:
    """What a line says: of the days, months, hours and so on that there are, those that fit best.

    Args:
        fits: for each of its characters how well each letter fits there.
        seen: how many glyphs each letter was learned from; few are no evidence.
    """
    text, least, evidence = list(line.form.cells), 1.0, np.inf
    for start, numbers in line.form.numbers():
        cells = fits[start : start + len(numbers[0])]
        fit = np.array([[cell.get(one, -1.0) for one, cell in zip(number, cells, strict=True)] for number in numbers])
        number = int(fit.sum(axis=1).argmax())
        text[start : start + len(cells)] = numbers[number]
        noise = 1 - np.clip(fit[number], 0, 1) ** 2 + _LEAST_NOISE
        known = np.array([[seen.get(one, 0) >= LEAST_GLYPHS for one in number] for number in numbers])
        worse = (known * known[number] * (fit[number] - fit) / noise).sum(axis=1)
        worse[number] = np.inf
        # Digits that fit better, but are none of these numbers, speak against it too.
        better = ((np.array([max(cell.values()) for cell in cells]) - fit[number]) / noise).sum()
        least, evidence = min(least, float(fit[number].min())), min(evidence, float(worse.min() - better))
    mean = float(np.mean([cell[one] for one, cell in zip(text, fits, strict=True)]))
    return Found(line, x, y, "".join(text), is_whole, mean, least, evidence)


def _most_beside(fits: _Floats) -> _Floats:
    """The best fit at each place or two pixels left or right of it."""
    padded = np.pad(fits, ((0, 0), (_STEP_PX, _STEP_PX)), mode="edge")
    best: _Floats = np.max([padded[:, at : at + fits.shape[1]] for at in range(2 * _STEP_PX + 1)], axis=0)
    return best


def _drifts(fits: _Floats) -> list[int]:
    """How far right each character stands, counted from 0, so that all fit best together (Viterbi, 1967).

    Args:
        fits: (characters, places) how well the best letter fits in each.
    """
    places = np.arange(fits.shape[1])
    step = np.abs(places[:, None] - places)
    cost = np.where(step <= _STEP_PX, _STEP_COST * step, np.inf)
    total, came_from = fits[0] - cost[len(places) // 2], list[NDArray[np.intp]]()
    for fit in fits[1:]:
        through = total[:, None] - cost
        came_from.append(through.argmax(axis=0))
        total = through.max(axis=0) + fit
    path = [int(total.argmax())]
    for back in reversed(came_from):
        path.append(int(back[path[-1]]))
    return path[::-1]
