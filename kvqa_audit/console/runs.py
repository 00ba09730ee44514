"""Stored runs come in; their list with its trend goes out to a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kvqa_audit.console.terminal import console, plain

if TYPE_CHECKING:
    from kvqa_audit.store.records import StoredRun

_VERDICT_STYLES = {"ready": "green", "not ready": "red", "incomplete": "yellow", "failed": "red", "lost": "red"}


def print_runs(runs: Sequence[StoredRun]) -> None:
    """One line a run, series by series; changes of errors and warnings stand beside the numbers."""
    from rich.table import Table
    from rich.text import Text

    screen = console()
    if not runs:
        screen.print("The store holds no run yet.")
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    several = len({run.project for run in runs}) > 1
    for column in ("run", "date", *(["project"] if several else []), "dataset"):
        table.add_column(column, no_wrap=column in ("run", "date"))
    table.add_column("verdict", no_wrap=True)
    for column in ("rows", "images", "errors", "warnings", "new", "resolved"):
        table.add_column(column, justify="right", no_wrap=True)
    before: StoredRun | None = None
    for run in runs:
        last = before if before and (before.project, before.series) == (run.project, run.series) else None
        at, came_to = run.finished_at or run.started_at or run.queued_at, run.verdict or run.state
        table.add_row(
            run.id[:8],
            f"{at:%Y-%m-%d %H:%M}",
            *([plain(run.project)] if several else []),
            plain(run.series),
            Text(came_to, style=_VERDICT_STYLES.get(came_to, "")),
            _count(run.rows),
            _count(run.images),
            _trend(run.errors, None if last is None else last.errors),
            _trend(run.warnings, None if last is None else last.warnings),
            _count(run.new),
            _count(run.resolved),
        )
        before = run
    screen.print(table)


def print_baseline(baseline: Mapping[str, Any]) -> None:
    """One line: what changed since the baseline."""
    told = f"{baseline['new']:,} new, {baseline['resolved']:,} resolved, {baseline['still_open']:,} still open"
    console().print(f"since {plain(str(baseline['date'])[:10])}: {told}", style="bold" if baseline["new"] else None)


def print_stored(run: StoredRun) -> None:
    """One line: under which id the run was kept."""
    console().print(f"stored: run {run.id[:8]}, number {run.number} of {plain(run.series)}")


def _trend(now: int | None, before: int | None) -> str:
    if now is None or before is None or now == before:
        return _count(now)
    return f"{now:,} ({now - before:+,})"


def _count(number: int | None) -> str:
    return "-" if number is None else f"{number:,}"
