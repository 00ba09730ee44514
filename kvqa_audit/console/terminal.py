"""A stream comes in; a console that obeys nothing in the text it prints, and progress bars, go out."""

from __future__ import annotations

import os
import re
import sys
import textwrap
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, TextIO

from kvqa_audit.progress import ItemsDone, Listener, ProgressEvent, StageStarted, ignore_events

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as Bars
    from rich.table import Table

STYLES = {"passed": "green", "failed": "red", "skipped": "yellow", "vacuous": "yellow", "errored": "bold red"}
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def console() -> Console:
    """A console that takes no markup from the text it prints: answers and file names are not trusted."""
    from rich.console import Console

    width = None if sys.stdout.isatty() or "COLUMNS" in os.environ else 120
    return Console(highlight=False, markup=False, emoji=False, width=width)


def in_lines(text: str, stream: TextIO) -> str:
    """The text with line ends between words where the stream is a terminal; elsewhere as it is, for who reads lines.

    What is longer than a line, such as a path, is not cut: it can be copied whole.
    """
    try:
        width = os.get_terminal_size(stream.fileno()).columns if stream.isatty() else 0
    except (OSError, ValueError):
        width = 0
    if not width:
        return text
    wrapped = []
    for line in text.split("\n"):
        indent = " " * (len(line) - len(line.lstrip(" ")))
        following = f"{indent}  " if indent else ""
        wrapped += textwrap.wrap(
            line, width, subsequent_indent=following, break_long_words=False, break_on_hyphens=False
        ) or [""]
    return "\n".join(wrapped)


def say(text: str, style: str | None = None) -> None:
    """Prints plain sentences on standard output."""
    console().print(in_lines(plain_lines(text), sys.stdout), style=style, soft_wrap=True)


def complain(text: str) -> None:
    """Prints what went wrong, or has to be known beside the results, on standard error."""
    sys.stderr.write(in_lines(plain_lines(f"kvqa-audit: {text}"), sys.stderr) + "\n")


def table(*columns: str, title: str | None = None) -> Table:
    """A table without lines; cells of the named columns are folded, never cut."""
    from rich.table import Table

    drawn = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in columns:
        drawn.add_column(column, overflow="fold")
    return drawn


def print_rows(
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    numbers: Collection[str] = (),
    whole: Collection[str] = (),
    styles: Sequence[str | None] = (),
) -> None:
    """Prints a table in which no word is cut; where that needs more room than there is, a sentence a row.

    Args:
        columns: their names.
        rows: their cells, as plain text.
        numbers: the columns that stand to the right.
        whole: the columns whose cells stay on one line.
        styles: of each row, where they have one.
    """
    screen = console()
    words = [
        cells if cells[0] in whole else [word for cell in cells for word in cell.split()]
        for cells in zip(columns, *rows, strict=True)
    ]
    wanted = [max(map(len, cells)) for cells in zip(columns, *rows, strict=True)]
    widths = _widths([max(map(len, of_column)) for of_column in words], wanted, screen.width - 2 * len(columns))
    if not widths:
        for row, style in zip_longest(rows, styles):
            say(f"  {', '.join(f'{name} {cell}' for name, cell in zip(columns, row, strict=True) if cell)}", style)
        return
    drawn = table()
    for name, width in zip(columns, widths, strict=True):
        is_number = name in numbers
        drawn.add_column(name, justify="right" if is_number else "left", width=width, no_wrap=is_number)
    for row, style in zip_longest(rows, styles):
        drawn.add_row(*row, style=style)
    screen.print(drawn)


def _widths(least: Sequence[int], wanted: Sequence[int], room: int) -> list[int]:
    """How wide each column is, in characters: at least so, at most as wanted; nothing where the room is too small."""
    widths = list(least)
    if sum(widths) > room:
        return []
    for _ in range(room - sum(widths)):
        neediest = max(range(len(widths)), key=lambda n: wanted[n] - widths[n])
        widths[neediest] += wanted[neediest] > widths[neediest]
    return widths


def fits(drawn: Table, screen: Console) -> bool:
    """Whether every cell of the table stands on one line."""
    from rich.measure import Measurement

    # Measured on a screen of any width, or the measure would be that of the screen.
    wide = screen.options.update(max_width=10_000)
    return Measurement.get(screen, wide, drawn).maximum <= screen.width


def plain(text: object) -> str:
    """Text without control characters and direction overrides, which a terminal would obey."""
    clean = CONTROL.sub("\N{REPLACEMENT CHARACTER}", str(text))
    return clean.encode("utf-8", "backslashreplace").decode()


def plain_lines(text: str) -> str:
    """Plain text that may have several lines."""
    return "\n".join(map(plain, text.split("\n")))


class ProgressBars:
    """Draws one bar a stage, as a listener of the run."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._task: Any = None

    def __call__(self, event: ProgressEvent) -> None:
        if isinstance(event, StageStarted):
            if self._task is not None:
                self._bars.update(self._task, visible=False)
            self._task = self._bars.add_task(event.name, total=event.total)
        elif isinstance(event, ItemsDone) and self._task is not None:
            self._bars.advance(self._task, event.count)


@contextmanager
def audit_progress(silent: bool) -> Iterator[Listener]:
    """Bars on standard error while it is a terminal; nothing where it is not, or where silence was asked for."""
    if silent or not sys.stderr.isatty():
        yield ignore_events
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        yield ProgressBars(bars)
