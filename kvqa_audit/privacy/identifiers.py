"""A line of text read from a picture comes in; which kinds of personal facts it may hold, never the text, go out.

Reading is not perfect: a slash is taken for a 1 or a 7 and a 2 for a 7, so that `21/05/2015` is read as `2110512015`.
Patterns allow for that; a wrong hit costs a look at the picture, a miss may cost somebody's privacy.
"""

from __future__ import annotations

import re

IDENTIFIERS = ("date", "time", "number", "name")
_MAX_CHARACTERS = 200

_DATES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\d{1,4}[/.\-]\d{1,2}[/.\-]\d{1,4}",
        r"\d{1,5}[/.\-]\d{0,2}(?:[27]0[0-4]|19[3-9])\d(?!\d)",
        r"(?<!\d)\d{1,6}[27]0[012]\d(?!\d)",
        r"(?<!\d)(?:19[3-9]|20[0-4])\d{1,5}(?!\d)",
        r"\d{1,2}[ .\-]?(?:jan|feb|mar|apr|ma[iy]|jun|jul|aug|sep|o[ck]t|nov|de[cs])[a-z]{0,6}[ .,\-]{0,2}\d{2,4}",
    )
)
_TIME = re.compile(r"\d{1,2}:\d{2}|^:\d{2}\b|<\d{4,6}>")
_DIGITS = re.compile(r"\d(?:[ \-]?\d){5,}")
_LABELLED_NUMBER = re.compile(r"\b(?:id|mrn|pid|pnr|fnr|case|patient)(?: ?no)?[.:#]+ ?[a-z]{0,3}-?\d", re.IGNORECASE)
_LETTER = "A-Za-zÀ-ÖØ-öø-ÿ"
_LABELLED_NAME = re.compile(
    rf"\b(?:name|navn|patient|dr|mr|mrs|ms)\b[.: ]{{1,3}}[{_LETTER}][{_LETTER}'\-]+", re.IGNORECASE
)
_LAST_FIRST = re.compile(rf"\b[A-ZÀ-ÖØ-Þ][{_LETTER}'\-]{{1,40}}, ?[A-ZÀ-ÖØ-Þ][{_LETTER}'\-]+")


def identifiers_in(line: str) -> tuple[str, ...]:
    """The kinds out of `IDENTIFIERS`; empty for labels, settings and letters that say nothing about anybody."""
    text = line.strip()[:_MAX_CHARACTERS]
    is_date = any(pattern.search(text) for pattern in _DATES)
    is_number = _LABELLED_NUMBER.search(text) or (not is_date and _DIGITS.search(text))
    found = {
        "date": is_date,
        "time": bool(_TIME.search(text)),
        "number": bool(is_number),
        "name": bool(_LABELLED_NAME.search(text) or _LAST_FIRST.search(text)),
    }
    return tuple(kind for kind in IDENTIFIERS if found[kind])
