"""The checks, or what a sample was made with, come in; tables for a terminal go out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kvqa_audit.console.terminal import console, plain
from kvqa_audit.model import AuditRun

if TYPE_CHECKING:
    from kvqa_audit.checks.base import Check
    from kvqa_audit.demo import DemoTruth


def print_checks(checks: Sequence[Check], *, explain: bool) -> None:
    """All checks as a table, or one with why it matters and how to fix it."""
    from rich.table import Table

    screen = console()
    if explain:
        for known in checks:
            screen.print(f"{known.code} {known.name} ({known.severity})", style="bold")
            screen.print(f"{known.doc.title}\n\nWhy: {known.doc.why}\n\nFix: {known.doc.fix}")
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in ("code", "name", "severity"):
        table.add_column(column, no_wrap=True)
    table.add_column("what it finds")
    for known in checks:
        table.add_row(known.code, known.name, known.severity.value, plain(known.doc.title))
    screen.print(table)


def print_demo(truth: DemoTruth, run: AuditRun) -> None:
    """What was planted, and whether the check that should find it did."""
    from rich.table import Table

    screen = console()
    table = Table(
        title="Planted and found",
        title_justify="left",
        title_style="bold",
        box=None,
        pad_edge=False,
        padding=(0, 2, 0, 0),
    )
    for column in ("planted", "where", "found by"):
        table.add_column(column)
    found_all = 0
    for planted in truth.planted:
        found = planted.found_in(run.findings)
        found_all += bool(found)
        table.add_row(
            planted.what, plain(planted.where), ", ".join(found) or "NOT FOUND", style=None if found else "bold red"
        )
    screen.print(table)
    screen.print(f"{found_all} of {len(truth.planted)} planted defects found")
