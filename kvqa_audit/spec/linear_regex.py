"""A regular expression of a description comes in; a matcher whose time is linear in the text goes out.

The only door to RE2, which gives up lookaround and back-references, and with them all that can run for ever.
"""

from __future__ import annotations

from collections.abc import Callable

MAX_INSTRUCTIONS = 2_000


def compiled(pattern: str) -> Callable[[str], bool]:
    """Whether the pattern is found somewhere in a text.

    The syntax is RE2's: `\\w`, `\\d`, `\\s` and `\\b` know ASCII only, `\\pL` is any letter.

    Raises:
        ValueError: RE2 does not take the pattern, or it comes to more than `MAX_INSTRUCTIONS`, each of which may cost a
            step for every byte of a text.
    """
    import re2

    options = re2.Options()
    options.log_errors = False
    try:
        found = re2.compile(pattern, options)
    except UnicodeEncodeError:
        raise ValueError("holds half a character (a lone surrogate)") from None
    except re2.error as error:
        reason = error.args[0].decode("utf-8", "replace") if isinstance(error.args[0], bytes) else str(error)
        raise ValueError(
            f"is no regular expression that is matched in linear time: {reason}; the syntax is RE2's, "
            "without lookahead, lookbehind and back-references"
        ) from None
    if found.programsize > MAX_INSTRUCTIONS:
        raise ValueError(
            f"comes to {found.programsize:,} steps for every byte of a text, at most {MAX_INSTRUCTIONS:,} are taken; "
            "write smaller repetitions, such as {1,20} in place of {1,1000}"
        )
    # Bytes spare RE2 the way back to the places of characters.
    return lambda text: found.search(text.encode("utf-8", "replace")) is not None


def like(pattern: str) -> Callable[[str], bool]:
    """Whether a whole text is like SQL's pattern: `%` is any text, `_` any one character, all else itself.

    Raises:
        ValueError: as for `compiled`.
    """
    import re2

    pieces = {"%": ".*", "_": "."}
    return compiled(r"(?s)\A" + "".join(pieces.get(mark) or re2.escape(mark) for mark in pattern) + r"\z")
