"""Codes of checks that a person named come in; the checks that are meant, or an error that names close ones, go out."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable

from kvqa_audit.errors import KvqaAuditError

_JOINTS = ("-", ".")
_FAMILY = re.compile("kv[0-9]")


def codes_named(asked: Iterable[str], known: Collection[str]) -> frozenset[str]:
    """The known codes that were named, in any case.

    `KV30-L6` is that one alone, `KV30` all that begin with `KV30-`, and `KV2` the family of that digit.

    Raises:
        KvqaAuditError: a name is neither a known code nor a family of them.
    """
    found: set[str] = set()
    for name in asked:
        meant = codes_in(name, known)
        if not meant:
            raise KvqaAuditError(
                f"{name}: there is no such check{close_to(name, known)}; 'kvqa-audit checks' lists them"
            )
        found |= meant
    return frozenset(found)


def codes_in(name: str, known: Iterable[str]) -> frozenset[str]:
    """The known codes that one name stands for; none where it stands for nothing."""
    code = name.casefold()
    starts = (code,) if _FAMILY.fullmatch(code) else tuple(code + joint for joint in _JOINTS)
    return frozenset(one for one in known if one.casefold() == code or one.casefold().startswith(starts))


def close_to(name: str, known: Iterable[str]) -> str:
    """`; did you mean …?`, or nothing where nothing known is close."""
    by_word = {one.casefold(): one for one in known}
    close = difflib.get_close_matches(name.casefold(), by_word, n=3, cutoff=0.6)
    return f"; did you mean {', '.join(by_word[word] for word in close)}?" if close else ""
