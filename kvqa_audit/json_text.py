"""A text comes in; the value that it is in JSON goes out."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any


def value_of_json(
    text: str | bytes,
    constant: Callable[[str], Any] | None = None,
    pairs: Callable[[list[tuple[str, Any]]], dict[str, Any]] | None = None,
) -> Any:
    """The value that somebody else wrote; `json` alone tells of what is nested too deeply by no `ValueError`.

    Args:
        text: in JSON; bytes may be UTF-8, UTF-16 or UTF-32.
        constant: gives the value of `NaN` and `Infinity`, which are no JSON; None takes them for numbers.
        pairs: makes an object of its keys and values; None takes the last value of a key that stands twice.

    Raises:
        ValueError: it is no JSON, or nested too deeply.
    """
    try:
        return json.loads(text, parse_constant=constant, object_pairs_hook=pairs)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
