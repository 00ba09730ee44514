"""Stored runs come in; their list with its trend goes out to a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kvqa_audit.console.terminal import console, fits, plain, say, table

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from kvqa_audit.model.counts import Waiver
    from kvqa_audit.store.records import StoredRun

_VERDICT_STYLES = {"ready": "green", "not ready": "red", "incomplete": "yellow", "failed": "red", "lost": "red"}
_NUMBERS = ("rows", "images", "errors", "warnings", "notices", "waived", "new", "resolved")
_MAX_WAIVERS = 10
_WITH_TREND = ("errors", "warnings", "notices", "waived")


def print_runs(runs: Sequence[StoredRun], waived: Mapping[str, Sequence[Waiver]]) -> None:
    """One line a run, series by series, with each change beside its number; two lines where the screen is narrow.

    Args:
        runs: by project and series.
        waived: by the id of a run, what was waived in it; that of the last finished run of each series is listed.
    """
    screen = console()
    if not runs:
        screen.print("The store holds no run yet.")
        return
    several = len({run.project for run in runs}) > 1
    for (project, series), of_series in groupby(runs, key=lambda run: (run.project, run.series)):
        screen.print(plain(f"{series} ({project})" if several else series), style="bold")
        them = list(of_series)
        _print_series(screen, them)
        finished = [run for run in them if run.number is not None]
        _print_waivers(screen, waived.get(finished[-1].id, ()) if finished else ())


def _print_waivers(screen: Console, waivers: Sequence[Waiver]) -> None:
    if waivers:
        screen.print("waived in the last run:")
    for one in waivers[:_MAX_WAIVERS]:
        screen.print(plain(f"  {one.number:,} of {one.check}: {one.words}"))
    if rest := sum(one.number for one in waivers[_MAX_WAIVERS:]):
        screen.print(f"  {rest:,} more; --json has all")


def _print_series(screen: Console, runs: Sequence[StoredRun]) -> None:
    lines = _as_table(runs)
    if fits(lines, screen):
        screen.print(lines)
        return
    for run, last in _with_last(runs):
        screen.print(f"{plain(run.id[:8])}  {_when(run)}  {_came_to(run)}", style=_VERDICT_STYLES.get(_came_to(run)))
        told = [
            f"{_cell(run, last, name)} {_WORDS.get(name, name)}" for name in _NUMBERS if _number(run, name) is not None
        ]
        if told:
            screen.print(f"  {', '.join(told)}")


def _as_table(runs: Sequence[StoredRun]) -> Table:
    from rich.text import Text

    lines = table()
    for column in ("run", "date", "verdict"):
        lines.add_column(column, no_wrap=True)
    for name in _NUMBERS:
        lines.add_column(_WORDS.get(name, name), justify="right", no_wrap=True)
    for run, last in _with_last(runs):
        verdict = Text(_came_to(run), style=_VERDICT_STYLES.get(_came_to(run), ""))
        lines.add_row(plain(run.id[:8]), _when(run), verdict, *(_cell(run, last, name) for name in _NUMBERS))
    return lines


_WORDS = {"notices": "notes"}


def _with_last(runs: Sequence[StoredRun]) -> Iterable[tuple[StoredRun, StoredRun | None]]:
    return zip(runs, (None, *runs[:-1]), strict=True)


def _when(run: StoredRun) -> str:
    at = run.finished_at or run.started_at or run.queued_at
    return f"{at:%Y-%m-%d %H:%M}"


def _came_to(run: StoredRun) -> str:
    return run.verdict or run.state


def _number(run: StoredRun, name: str) -> int | None:
    number: int | None = getattr(run, name)
    return number


def _cell(run: StoredRun, last: StoredRun | None, name: str) -> str:
    now, before = _number(run, name), None if last is None else _number(last, name)
    if name not in _WITH_TREND or now is None or before is None or now == before:
        return "-" if now is None else f"{now:,}"
    return f"{now:,} ({now - before:+,})"


def print_prunable(runs: Sequence[StoredRun], old: Sequence[StoredRun], folders: Sequence[Path]) -> None:
    """Which of the runs, and which folders, are about to be removed."""
    screen = console()
    if not old and not folders:
        screen.print("Nothing to remove: nothing is older than what is to be kept.")
        return
    of_all = Counter((run.project, run.series) for run in runs)
    for (project, series), them in groupby(old, key=lambda run: (run.project, run.series)):
        gone = list(them)
        number = f"{len(gone):,} of {of_all[project, series]:,}"
        screen.print(plain(f"{number} runs of {series} ({project}), from {_when(gone[0])} to {_when(gone[-1])}"))
    for folder in folders:
        say(str(folder))


def print_baseline(baseline: Mapping[str, Any]) -> None:
    """One line: what changed since the baseline."""
    told = f"{baseline['new']:,} new, {baseline['resolved']:,} resolved, {baseline['still_open']:,} still open"
    console().print(f"since {plain(str(baseline['date'])[:10])}: {told}", style="bold" if baseline["new"] else None)


def print_stored(run: StoredRun) -> None:
    """One line: under which id the run was kept."""
    console().print(f"stored: run {plain(run.id[:8])}, number {run.number} of {plain(run.series)}")
