"""Two texts come in; whether they are one value to every reader, and how their spellings differ, goes out."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

# Zero-width space, word joiner, byte-order mark, soft hyphen: never seen. Joiners and marks of direction have a use.
_UNSEEN = re.compile("[\u200b\u2060\ufeff\u00ad]")
_FINAL = re.compile(r"[\s.?!;:,\u2026\u3002\uff0c\uff0e\uff1a\uff1b\uff01\uff1f\u061f\u061b\u060c\u06d4\u0964\u037e]+$")
# Their compatibility forms mean something else: 10² is not 102.
_KEPT_FORMS = ("<super>", "<sub>", "<fraction>")
# Han, kana and Hangul.
_WORD_SIGN = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]")
_DIGIT = re.compile(r"\d")


def _composed(text: str) -> str:
    """NFKC, but superscripts, subscripts, fractions and spaces stay; without format characters, which are unseen."""
    if text.isascii() or (text.isprintable() and unicodedata.is_normalized("NFKC", text)):
        return text
    parts = (
        c if c.isspace() or unicodedata.decomposition(c).startswith(_KEPT_FORMS) else unicodedata.normalize("NFKC", c)
        for c in unicodedata.normalize("NFC", text)
        if unicodedata.category(c) != "Cf"
    )
    return unicodedata.normalize("NFC", "".join(parts))


def _spaced(text: str) -> str:
    return " ".join(text.split())


def _without_final_punctuation(text: str) -> str:
    return _FINAL.sub("", text) or text


_STEPS: Mapping[str, Callable[[str], str]] = {
    "case": str.casefold,
    "normal form or unseen characters": _composed,
    "spaces": _spaced,
    "final punctuation": _without_final_punctuation,
}


@lru_cache(maxsize=1 << 17)
def folded(text: str) -> str:
    """The text without what no reader hears: the one measure of whether two spellings are the same value.

    Left out are case, space around words and runs of it (tabs, line breaks and no-break spaces too), the Unicode normal
    form (NFKC, but superscripts, subscripts and fractions stay), format characters, and punctuation at the end. A text
    of nothing but punctuation keeps it.
    """
    once = _but_for("", text)
    # One step may leave another something to do: signs whose plain form is a capital letter.
    return once if once == text else folded(once)


def tidied(text: str) -> str:
    """The text with single plain spaces between its words, none around, and without characters that are not seen."""
    return _spaced(_UNSEEN.sub("", text))


def differences(spellings: Iterable[str]) -> tuple[str, ...]:
    """In what the spellings of one value differ: the steps of `folded` without which they would not be one."""
    known = list(spellings)

    def apart_without(left_out: str) -> bool:
        return len({_but_for(left_out, spelling) for spelling in known}) > 1

    return tuple(name for name in _STEPS if apart_without(name))


def _but_for(left_out: str, text: str) -> str:
    for name, step in _STEPS.items():
        if name != left_out:
            text = step(text)
    return text


@dataclass(frozen=True, slots=True)
class Spellings:
    """The spellings of one value with their rows, the usual one first: in the most rows, of equal ones the tidiest."""

    rows: Mapping[str, int]

    @property
    def usual(self) -> str:
        return next(iter(self.rows))


def spellings_of(rows: Mapping[str, int]) -> dict[str, Spellings]:
    """Value, folded → its spellings.

    Args:
        rows: in how many rows each text stands.
    """
    groups: dict[str, list[str]] = {}
    for text in rows:
        groups.setdefault(folded(text), []).append(text)
    for group in groups.values():
        if len(group) > 1:
            group.sort(key=lambda text: (-rows[text], text != tidied(text), text))
    return {value: Spellings({text: rows[text] for text in group}) for value, group in groups.items()}


def usual_spellings(texts: Iterable[str] | Mapping[str, int]) -> dict[str, str]:
    """Each text → the usual spelling of its value among them all, given as often as it stands or with its number."""
    return {text: found.usual for found in spellings_of(Counter(texts)).values() for text in found.rows}


def is_near_miss(rare: str, frequent: str) -> bool:
    """Whether one text is most likely a slip of the hand for the other: one edit, from nine letters on two.

    Other digits, a plural, and words of up to three letters (but for a swap of neighbours) are no slips; nor is another
    sign of a script in which one is a word. Of texts with as many words each word is judged by itself.
    """
    left, right = folded(rare), folded(frequent)
    words = list(zip(left.split(), right.split(), strict=False))
    if len(words) > 1 and len(left.split()) == len(right.split()):
        return left != right and all(one == other or _is_slip(one, other) for one, other in words)
    return _is_slip(left, right)


def _is_slip(left: str, right: str) -> bool:
    if _WORD_SIGN.findall(left) != _WORD_SIGN.findall(right):
        return sorted(left) == sorted(right) and edits(left, right) == 1
    short = min(len(left), len(right))
    if left == right or short < 3 or abs(len(left) - len(right)) > 2 or _DIGIT.findall(left) != _DIGIT.findall(right):
        return False
    if left.removesuffix("s").removesuffix("e") == right.removesuffix("s").removesuffix("e"):
        return False
    if short == 3:
        return len(left) == len(right) and sorted(left) == sorted(right) and edits(left, right) == 1
    return edits(left, right) <= (2 if short >= 9 else 1)


def edits(left: str, right: str) -> int:
    """The optimal string alignment distance: insertions, deletions, exchanges, and swaps of neighbours."""
    earlier: list[int] = []
    before = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        row = [i]
        for j, b in enumerate(right, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == right[j - 2] and left[i - 2] == b:
                cost = min(cost, earlier[j - 2] + 1)
            row.append(cost)
        earlier, before = before, row
    return before[-1]
