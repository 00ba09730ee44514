"""Text from the dataset comes in, however hostile; text that a page can show as text goes out."""

from __future__ import annotations

import html
import unicodedata

MAX_CHARACTERS = 300
MAX_LINES = 40
_KEPT_FORMAT_CHARACTERS = frozenset("\u200c\u200d")


def shown(value: object, limit: int = MAX_CHARACTERS) -> str:
    """The value as one line of visible text: control, direction and surrogate characters are spelt out.

    Longer texts are cut at `limit` characters, and the cut says how long the text was.
    """
    text = "" if value is None else str(value)
    cut = text if len(text) <= limit else text[:limit]
    visible = cut if cut.isprintable() else "".join(_visible(character) for character in cut)
    return visible if cut is text else f"{visible}… ({len(text):,} characters)"


def _visible(character: str) -> str:
    if character in "\n\r\t":
        return {"\n": "↵", "\r": "␍", "\t": "⇥"}[character]
    category = unicodedata.category(character)
    if category in ("Cc", "Cs", "Cn", "Zl", "Zp") or (category == "Cf" and character not in _KEPT_FORMAT_CHARACTERS):
        return f"\\u{ord(character):04x}"
    return character


def chart_label(value: object, limit: int = 40) -> str:
    """A label for plotly, which reads tags and entities in every text: both are escaped."""
    text = "" if value is None else str(value)
    cut = text if len(text) <= limit else f"{text[: limit - 1]}…"
    return html.escape(shown(cut), quote=False)


def count(number: int) -> str:
    """A whole number with thousands separators."""
    return f"{number:,}"


def share(value: float | None) -> str:
    """A share of 1 as per cent; the ends are kept for what is exactly none or all."""
    if value is None:
        return "-"
    if 0 < value < 0.0005:
        return "<0.05\u00a0%"
    if 0.9995 < value < 1:
        return ">99.95\u00a0%"
    return f"{100 * value:.1f}\u00a0%"


def span(low: float | None, high: float | None) -> str:
    """The two ends of an interval of shares; a dash where there is none."""
    return "-" if low is None or high is None else f"{share(low)} to {share(high)}"


def decimal(value: float | None) -> str:
    """A figure between -1 and 1 with three decimals."""
    return "-" if value is None else f"{value:.3f}"


def lines_shown(text: str) -> str:
    """A text of several lines, each as `shown`; what comes after the fortieth is left out."""
    lines = text.split("\n")
    return "\n".join([*map(shown, lines[:MAX_LINES]), *(["…"] if len(lines) > MAX_LINES else [])])


def measure(value: float | None) -> str:
    """A measured value with at most four significant digits."""
    if value is None:
        return "-"
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    return f"{value:.4g}"
