"""The checks, or what a sample was made with, come in; tables for a terminal go out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kvqa_audit.console.terminal import console, plain, plain_lines, print_rows, table
from kvqa_audit.model import AuditRun

if TYPE_CHECKING:
    from kvqa_audit.checks.base import Check
    from kvqa_audit.demo import DemoTruth


def print_checks(checks: Sequence[Check], *, explain: bool) -> None:
    """All checks as a table, or one with why it matters and how to fix it."""
    screen = console()
    if explain:
        for known in checks:
            screen.print(plain(f"{known.code} {known.name} ({known.severity})"), style="bold")
            screen.print(plain_lines(f"{known.doc.title}\n\nWhy: {known.doc.why}\n\nFix: {known.doc.fix}"))
        return
    lines = table()
    for column in ("code", "severity"):
        lines.add_column(column, no_wrap=True)
    lines.add_column("what it finds", overflow="fold")
    for known in checks:
        lines.add_row(known.code, known.severity.value, plain(known.doc.title))
    screen.print(lines)


def print_demo(truth: DemoTruth, run: AuditRun) -> None:
    """What was planted, and whether the check that should find it did."""
    rows, styles = [], []
    for planted in truth.planted:
        found = planted.found_in(run.findings)
        rows.append((planted.what, plain(planted.where), ", ".join(found) or "NOT FOUND"))
        styles.append(None if found else "bold red")
    screen = console()
    screen.print("Planted and found", style="bold")
    print_rows(("planted", "where", "found by"), rows, styles=styles)
    screen.print(f"{styles.count(None)} of {len(truth.planted)} planted defects found")
