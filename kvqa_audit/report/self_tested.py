"""How planted errors were found comes in; one sentence for the check that looks for such errors goes out."""

from __future__ import annotations

from collections.abc import Mapping

from kvqa_audit.model.metrics import Record

_TESTS = {"KV350": ("answers", "answer"), "KV351": ("sources", "source")}


def tried_on_itself(code: str, tests: Mapping[str, Record]) -> str:
    """What a check's self test measured; "" where there is none."""
    kind, thing = _TESTS.get(code, ("", ""))
    test = tests.get(kind)
    if not test:
        return ""
    found = (
        f"One {thing} in a hundred was exchanged at random in this very dataset, ten times: the ranking finds them "
        f"with an average precision of {test['average_precision']:.2f}; "
    )
    if test["warning_from"] is None:
        return found + "at no score were half of what it tells such exchanges, so all of it are hints."
    return found + (
        f"from a score of {test['warning_from']:.2f} on at least half of what it tells were such exchanges: these are "
        "warnings, the others hints."
    )
