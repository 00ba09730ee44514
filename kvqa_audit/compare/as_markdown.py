"""A comparison comes in; a Markdown text for a merge request or a release note goes out."""

from __future__ import annotations

import re
from collections.abc import Iterable

from kvqa_audit.compare.comparison import Comparison, Side
from kvqa_audit.compare.tables import change_tables, headlines, sentence
from kvqa_audit.report.text import shown

LINES_A_TABLE = 20
# Background the signs themselves: what a forge makes a link (`http://`, `www.`) or a picture (`:name:`) of.
_SYNTAX = re.compile(r"([\\`*_{}\[\]<>#|~!@&$]|:(?=\w|//)|(?<=www)\.)")


def as_markdown(comparison: Comparison) -> str:
    """The comparison with at most twenty lines a table; what is cut is said. All text of the data is escaped."""
    parts = [
        f"# Changes of {escaped(comparison.after.dataset.name)}",
        f"**{sentence(comparison)}**",
        f"From {_side(comparison.before)} to {_side(comparison.after)}.",
        _table(
            ("", "before", "after", "changes"),
            [(one.what, one.before, one.after, one.changes) for one in headlines(comparison)],
            ("before", "after"),
        ),
    ]
    if comparison.notes:
        parts.append("\n".join(f"- {escaped(note)}" for note in comparison.notes))
    for table in change_tables(comparison, LINES_A_TABLE):
        parts.append(f"## {table.title} ({table.in_all:,})")
        if table.about:
            parts.append(escaped(table.about))
        parts.append(_table(table.columns, table.lines, table.numbers))
        if table.cut:
            parts.append(f"{table.cut}; `--format json` gives all.")
    return "\n\n".join(parts) + "\n"


def escaped(text: str) -> str:
    """Text that Markdown and HTML show as it is, on one line."""
    return _SYNTAX.sub(r"\\\1", shown(text)).replace("\\<", "&lt;").replace("\\>", "&gt;")


def _side(side: Side) -> str:
    return f"run {escaped(side.run_id[:8])} ({escaped(side.finished_at[:10])})"


def _table(columns: Iterable[str], lines: Iterable[Iterable[str]], numbers: Iterable[str]) -> str:
    columns, numbers = tuple(columns), set(numbers)
    rule = "|".join("---:" if column in numbers else "---" for column in columns)
    written = [f"|{'|'.join(f' {escaped(cell)} ' for cell in line)}|" for line in (columns, *lines)]
    return "\n".join([written[0], f"|{rule}|", *written[1:]])
