"""What was found out about a dataset comes in; a summary with the next step, for a terminal, goes out."""

from __future__ import annotations

import shlex
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from kvqa_audit.console.terminal import console, plain, say

if TYPE_CHECKING:
    from kvqa_audit.describe.description import Described


def print_described(described: Described, source: str, out: Path) -> None:
    """Rows, columns, questions by type, what was left open, and the command that audits by the description."""
    screen = console()
    screen.print(f"{described.rows:,} rows, {described.images:,} images", style="bold")
    say(f"read: {described.reader}")
    for note in described.notes:
        say(f"note: {note}", style="yellow")
    columns = described.columns
    for role, name in columns.roles.items():
        screen.print(f"  {role}: column {plain(name)!r}, {columns.known_by[role]}")
    if not described.sources:
        screen.print("  source: none; nothing is told by category")
    if columns.other:
        screen.print(f"  not judged: {', '.join(plain(repr(name)) for name in columns.other)}")
    types = Counter(question.type for question in described.catalogue.questions)
    told = ", ".join(f"{number} {kind}" for kind, number in types.most_common())
    screen.print(f"{len(described.catalogue.questions)} questions: {told or 'none is asked often enough'}")
    if described.catalogue.free:
        screen.print(f"{described.catalogue.left_out:,} rows ask other questions; their answers are free text")
    screen.print(f"{described.suggestions} suggested rules, as comments")
    screen.print(f"description: {out}; read and edit it, then")
    say(f"  kvqa-audit run {shlex.quote(source)} --spec {shlex.quote(str(out))}")
