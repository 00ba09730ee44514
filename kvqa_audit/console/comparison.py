"""A comparison comes in; a summary for a terminal goes out."""

from __future__ import annotations

from kvqa_audit.compare.comparison import Comparison, Side
from kvqa_audit.compare.tables import ChangeTable, change_tables, headlines, sentence
from kvqa_audit.console.terminal import console, plain, print_rows
from kvqa_audit.console.terminal import table as drawn_table

LINES_A_TABLE = 10


def print_comparison(comparison: Comparison, exit_code: int) -> None:
    """What changed, with at most ten lines a table."""
    screen = console()
    before, after = comparison.before, comparison.after
    screen.print(f"{plain(after.dataset.name)}: {_side(before)} -> {_side(after)}", style="bold")
    screen.print(sentence(comparison), style="bold red" if exit_code else "bold green")
    screen.print()
    summary = drawn_table("")
    for column in ("before", "after"):
        summary.add_column(column, justify="right", no_wrap=True)
    summary.add_column("changes", overflow="fold")
    for one in headlines(comparison):
        summary.add_row(one.what, one.before, one.after, one.changes)
    screen.print(summary)
    for note in comparison.notes:
        screen.print(f"note: {plain(note)}", style="yellow")
    for table in change_tables(comparison, LINES_A_TABLE):
        _print_table(table)


def _side(side: Side) -> str:
    return f"run {plain(side.run_id[:8])} ({plain(side.finished_at[:10])})"


def _print_table(table: ChangeTable) -> None:
    screen = console()
    # A message names its question already, and a terminal is narrow.
    shown = [n for n, column in enumerate(table.columns) if column != "question" or "what" not in table.columns]
    columns, lines = [table.columns[n] for n in shown], [[_short(line[n]) for n in shown] for line in table.lines]
    screen.print()
    screen.print(f"{table.title} ({table.in_all:,})", style="bold")
    print_rows(columns, lines, numbers=table.numbers)
    if table.cut:
        screen.print(f"… {table.cut}; --format json gives all")


def _short(text: str, limit: int = 120) -> str:
    clean = plain(text)
    return clean if len(clean) <= limit else f"{clean[:limit].rpartition(' ')[0] or clean[:limit]} …"
