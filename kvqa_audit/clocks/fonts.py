"""Samples of frames come in; the fonts of the devices, learned from all of them, and where each writes, go out.

A reader made for any text confuses the letters of a device that it never saw. All frames of one device have the same
letters, though, pixel by pixel: averaged over many frames what is behind them vanishes, and a label that is wrong here
and there is outvoted. So glyphs are put to labels and averaged in turn until nothing changes (k-means with labels to
begin with), each only among the characters that may stand in its place.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from kvqa_audit.clocks.samples import HALF_HEIGHT_PX, HALF_WIDTH_PX, FrameSample, Glyph, Line
from kvqa_audit.clocks.written import CLOCKS, DATES, DIGITS, Form

_Floats = NDArray[np.float32]

LEAST_OF_A_DIGIT = 6
# Fewer glyphs leave their own marks in a letter; what fits one of these better is no evidence.
LEAST_GLYPHS = 12
_LEAST_FRAMES = 3
_SURE = 0.9
_ALIKE = 0.62
_KEPT, _AS_GOOD = 0.5, 0.1
_CAUGHT_SHARE = 0.05
_INK = 0.4
_WORTH_OF_A_LABEL = 0.1
_ROUNDS = 6
_SORTED_TIMES = 2
_REACH_PX = 2
_SHIFTS = list(product(range(-_REACH_PX, _REACH_PX + 1), repeat=2))
_UNMOVED = _SHIFTS.index((0, 0))
_SAME_PLACE_PX = 4.0
_SAME_WIDTH_SHARE = 0.08
_CELLS = [form.cells for form in DATES]
_CHARACTERS = DIGITS + "".join(sorted({one for form in (*DATES, *CLOCKS) for one in form.cells if not one.isalpha()}))


@dataclass(frozen=True, slots=True)
class Letters:
    """Character → its mean picture, (height, width), mean 0 and length 1, and how many glyphs it is the mean of.

    All pictures are of one size.
    """

    pictures: dict[str, _Floats]
    seen: dict[str, int]

    @property
    def half_size(self) -> tuple[int, int]:
        """Rows above and columns left of the middle."""
        height, width = next(iter(self.pictures.values())).shape
        return height // 2, width // 2

    def has_all_digits(self, least: int) -> bool:
        return all(self.seen.get(digit, 0) >= least for digit in DIGITS)


@dataclass(frozen=True, slots=True)
class Font:
    """The letters of one kind of device, and where it writes.

    Attributes:
        letters: as they are in all lines.
        clock_letters: as they are in clocks, which some devices write a little wider than dates, where all their digits
            were seen often; else those of all lines.
        date: how it writes the date; `right` and `down` are 0.
        clocks: what it writes besides, from the date's first character.
        right, top, bottom: between which pixels the middle of the date's first character was seen, from the left edge.
        is_complete: whether every digit was seen often enough to be told from all others.
    """

    letters: Letters
    clock_letters: Letters
    date: Line
    clocks: tuple[Line, ...]
    right: int
    top: int
    bottom: int
    is_complete: bool

    @property
    def digit_px(self) -> float:
        """How far two characters of the date are apart."""
        return float(np.median(np.diff(self.date.offsets)))


def learn_fonts(samples: Sequence[FrameSample]) -> tuple[Font, ...]:
    """The fonts that several frames have in common, the most frequent first."""
    groups = [[samples[one] for one in together] for together in _alike(samples)]
    for _ in range(_SORTED_TIMES):
        fonts = [_font(group) for group in groups]
        groups = [group for group in _sorted_by_font(samples, fonts) if len(group) >= _LEAST_FRAMES]
        groups.sort(key=len, reverse=True)
    return tuple(_font(group) for group in groups)


def _sorted_by_font(samples: Sequence[FrameSample], fonts: Sequence[Font]) -> list[list[FrameSample]]:
    """The frames of each font: the first whose letters theirs fit about best, so that fonts that are one become one."""
    found: list[list[FrameSample]] = [[] for _ in fonts]
    for sample in samples if fonts else ():
        fits = [_fit(sample, font) for font in fonts]
        if max(fits) >= _KEPT:
            first = next(number for number, fit in enumerate(fits) if fit >= max(fits) - _AS_GOOD)
            found[first].append(sample)
    return found


def _fit(sample: FrameSample, font: Font) -> float:
    """How well the glyphs of a frame fit those letters of a font that they may be, in the middle of them."""
    pictures = font.letters.pictures
    moved = _moved(np.stack([glyph.pixels for glyph in sample.glyphs]), *font.letters.half_size)
    letters = np.stack([letter.ravel() for letter in pictures.values()])
    alike = np.einsum("nsd,kd->nks", moved, letters).max(axis=2)
    may_be = np.array([[character in glyph.allowed for character in pictures] for glyph in sample.glyphs])
    return float(np.median(np.where(may_be, alike, 0).max(axis=1)))


def _alike(samples: Sequence[FrameSample]) -> list[list[int]]:
    """Which of the frames have the same letters: around the one that most resemble, then around the next."""
    likeness = _likeness(samples)
    left, found = list(range(len(samples))), list[list[int]]()
    while left:
        near = likeness[np.ix_(left, left)] >= _ALIKE
        first = left[int(near.sum(axis=1).argmax())]
        together = [one for one in left if one == first or likeness[first, one] >= _ALIKE]
        if len(together) < _LEAST_FRAMES:
            break
        found.append(together)
        left = [one for one in left if one not in together]
    return found


def _likeness(samples: Sequence[FrameSample]) -> _Floats:
    """How alike the surely read characters of every two frames are, mean correlation.

    0 where they share too few, or write dates in another way or size.
    """
    total, shared = np.zeros((2, len(samples), len(samples)), np.float32)
    for character in _CHARACTERS:
        means = {
            number: np.mean(of_it, axis=0)
            for number, sample in enumerate(samples)
            if (
                of_it := [
                    one.pixels
                    for one in sample.glyphs
                    if one.said == character and one.said in one.allowed and one.confidence >= _SURE
                ]
            )
        }
        if not means:
            continue
        places = np.ix_(list(means), list(means))
        moved = _moved(np.stack(list(means.values())), 9, 5)
        alike = np.einsum("isd,jd->ijs", moved, moved[:, _UNMOVED]).max(axis=2)
        total[places] += np.maximum(alike, alike.T)
        shared[places] += 1
    forms = np.array([_CELLS.index(sample.lines[0].form.cells) for sample in samples])
    widths = np.array([sample.digit_px for sample in samples])
    comparable = (forms[:, None] == forms) & (np.abs(widths[:, None] - widths) <= _SAME_WIDTH_SHARE * widths)
    likeness: _Floats = np.where(comparable & (shared >= 3), total / np.maximum(shared, 1), 0)
    return likeness


def _moved(pixels: NDArray[np.generic], half_height: int, half_width: int) -> _Floats:
    """(n, shifts, area) of n pictures: the middle of each, moved a little every way, mean 0 and length 1."""
    middle_y, middle_x = pixels.shape[1] // 2, pixels.shape[2] // 2
    rows, columns = 2 * half_height + 1, 2 * half_width + 1
    parts = [
        pixels[:, y : y + rows, x : x + columns].reshape(len(pixels), -1)
        for down, right in _SHIFTS
        for y, x in [(middle_y - half_height + down, middle_x - half_width + right)]
    ]
    return _normal(np.stack(parts, axis=1).astype(np.float32))


def _normal(vectors: _Floats) -> _Floats:
    around_0 = vectors - vectors.mean(axis=-1, keepdims=True)
    normal: _Floats = around_0 / (np.linalg.norm(around_0, axis=-1, keepdims=True) + 1e-3)
    return normal


def _font(samples: list[FrameSample]) -> Font:
    glyphs = [glyph for sample in samples for glyph in sample.glyphs]
    date, *clocks = _lines(samples)
    half_width = min(HALF_WIDTH_PX - _REACH_PX, max(2, int((np.median(np.diff(date.offsets)) - 1) / 2)))
    pictures = _learned(glyphs, HALF_HEIGHT_PX - _REACH_PX, half_width).pictures
    ink = np.abs(np.stack(list(pictures.values()))).max(axis=0).max(axis=1)
    half_height = _half_height(ink >= _INK * ink.max())
    letters = _learned(glyphs, half_height, half_width)
    of_clocks = [glyph for glyph in glyphs if not glyph.of_date]
    own = _learned(of_clocks, half_height, half_width) if of_clocks else letters
    xs, ys = [sample.x for sample in samples], [sample.y for sample in samples]
    return Font(
        letters,
        own if own.has_all_digits(LEAST_GLYPHS) else letters,
        date,
        tuple(clocks),
        int(max(xs)),
        int(min(ys)),
        int(max(ys)),
        letters.has_all_digits(LEAST_OF_A_DIGIT),
    )


def _half_height(inked: NDArray[np.bool_]) -> int:
    """How far the letters go from the middle row, up or down, with one row more; other lines are left out."""
    middle = len(inked) // 2
    reaches = [np.flatnonzero(~side) for side in (inked[middle:], inked[middle::-1])]
    return min(middle, max(int(blank[0]) if blank.size else middle for blank in reaches))


def _learned(glyphs: list[Glyph], half_height: int, half_width: int) -> Letters:
    moved = _moved(np.stack([glyph.pixels for glyph in glyphs]), half_height, half_width)
    may_be = _possible(glyphs)
    label = np.array([_CHARACTERS.find(glyph.said) if glyph.said in glyph.allowed else -1 for glyph in glyphs])
    counts = np.array([glyph.confidence >= _SURE for glyph in glyphs]) & (label >= 0)
    told = np.zeros(may_be.shape, np.float32)
    told[counts, label[counts]] = _WORTH_OF_A_LABEL
    shift, everyone = np.full(len(glyphs), _UNMOVED), np.arange(len(glyphs))
    for _ in range(_ROUNDS):
        chosen = moved[everyone, shift]
        members = [counts & (label == number) for number in range(len(_CHARACTERS))]
        means = np.stack([_normal(chosen[of_it].sum(axis=0)) for of_it in members])
        alike = np.einsum("nsd,kd->nks", moved, means)
        best = np.where(may_be & np.array([of_it.any() for of_it in members]), alike.max(axis=2), -1)
        label = (best + told).argmax(axis=1)
        shift = _centred(alike[everyone, label].argmax(axis=1), label)
        counts = best[everyone, label] >= _KEPT
    size = 2 * half_height + 1, 2 * half_width + 1
    sizes = {character: int(members[number].sum()) for number, character in enumerate(_CHARACTERS)}
    pictures = {
        character: means[number].reshape(size) for number, character in enumerate(_CHARACTERS) if sizes[character]
    }
    return Letters(pictures, {character: sizes[character] for character in pictures})


def _possible(glyphs: list[Glyph]) -> NDArray[np.bool_]:
    """(n, characters): what each glyph may be; a sure label is what it says, or what it is in doubt with."""
    doubted = labels_in_doubt(glyphs)
    return np.array(
        [
            [
                character in glyph.allowed
                and (
                    character == glyph.said
                    or glyph.said not in glyph.allowed
                    or glyph.confidence < _SURE
                    or (glyph.said, character) in doubted
                )
                for character in _CHARACTERS
            ]
            for glyph in glyphs
        ]
    )


def labels_in_doubt(glyphs: Sequence[Glyph]) -> set[tuple[str, str]]:
    """What was read, and what it may be instead: the reader gave the one in places where only the other can stand."""
    caught: Counter[tuple[str, str]] = Counter()
    for glyph in glyphs:
        if glyph.said not in glyph.allowed:
            caught.update((glyph.said, character) for character in glyph.allowed)
    said = Counter(glyph.said for glyph in glyphs)
    return {pair for pair, times in caught.items() if times >= max(2, _CAUGHT_SHARE * said[pair[0]])}


def _centred(shift: NDArray[np.intp], label: NDArray[np.intp]) -> NDArray[np.intp]:
    """The shifts, less what all glyphs of a character have in common, so that no character's mean wanders."""
    moved = np.array(_SHIFTS)[shift]
    for number in np.unique(label):
        of_it = label == number
        moved[of_it] -= np.rint(moved[of_it].mean(axis=0)).astype(int)
    side = 2 * _REACH_PX + 1
    down, right = np.clip(moved, -_REACH_PX, _REACH_PX).T + _REACH_PX
    found: NDArray[np.intp] = down * side + right
    return found


def _lines(samples: list[FrameSample]) -> list[Line]:
    """The lines that such a device writes, in the middle of where they were seen; the date is the first."""
    by_form: defaultdict[Form, list[Line]] = defaultdict(list)
    for sample in samples:
        for line in sample.lines:
            by_form[line.form].append(line)
    dates = {form: lines for form, lines in by_form.items() if form.kind == "date"}
    form = max(dates, key=lambda form: (len(dates[form]), form.cells))
    found = [Line(form, 0.0, 0.0, _middle([line.offsets for line in dates[form]]))]
    for form, lines in by_form.items():
        if form.kind != "date":
            offsets = _middle([line.offsets for line in lines])
            for together in _same_place(lines):
                right, down = np.median([(line.right, line.down) for line in together], axis=0).tolist()
                found.append(Line(form, right, down, offsets))
    return found


def _middle(offsets: list[tuple[float, ...]]) -> tuple[float, ...]:
    return tuple(np.median(np.array(offsets), axis=0).tolist())


def _same_place(lines: list[Line]) -> list[list[Line]]:
    """The lines by how far down of the date they stand, without places that hardly a frame has."""
    found: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: line.down):
        if found and line.down - found[-1][-1].down <= _SAME_PLACE_PX:
            found[-1].append(line)
        else:
            found.append([line])
    return [together for together in found if len(together) >= max(2, len(lines) // 10)]
