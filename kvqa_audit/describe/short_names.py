"""Questions of any language come in; short names for rules, of small Latin letters, go out."""

from __future__ import annotations

import re

from anyascii import anyascii

from kvqa_audit.spec.rule import COLUMNS_OF_RULES

MAX_CHARACTERS = 40
_STOP_WORDS = frozenset(
    re.findall(
        r"\w+",
        "a all an any are be can check do does for from have if in is it of on one present seen shown than that the "
        "there this to visible was were what which with would you image picture",
    )
)
# A rule could not name a column that is called so.
_WORDS_OF_SQL = frozenset(
    re.findall(
        r"\w+",
        "all and any as asc between both by case cast check column create default desc distinct else end except exists "
        "false fetch for from full group having in inner into is join leading left like limit natural not null offset "
        "on only or order outer primary references right select some table then to trailing true union unique user "
        "using when where window with",
    )
)


def short_name(text: str, taken: set[str]) -> str:
    """A name that is not taken yet, and is from now on: the first telling words, told apart by a number.

    Other scripts are written in Latin letters, sign by sign.
    """
    if text.isascii():
        words = re.findall(r"[a-z][a-z0-9]*", text.casefold())
        words = [word for word in words if word not in _STOP_WORDS][:3] or words[:3]
    else:
        words = [word.casefold() for word in re.findall(r"[A-Z]?[a-z][a-z0-9]*|[A-Z]+", anyascii(text))]
        words = [word for word in words if word not in _STOP_WORDS][:8]
    short = "_".join(words)[:MAX_CHARACTERS].rstrip("_") or "question"
    name, number = short, 1
    while name in taken or name in COLUMNS_OF_RULES or name in _WORDS_OF_SQL:
        number += 1
        name = f"{short}_{number}"
    taken.add(name)
    return name
