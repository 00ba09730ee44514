"""Finished results come in; words, tables and progress bars for a terminal go out."""

from __future__ import annotations

import os
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kvqa_audit.model import AuditRun, CheckOutcome, DuplicatePair, Finding, OutcomeStatus
from kvqa_audit.progress import Progress
from kvqa_audit.release.gate import Verdict, judge
from kvqa_audit.spec.dataset_spec import Release

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as Bars

    from kvqa_audit.checks.base import Check
    from kvqa_audit.demo import DemoTruth

STYLES = {"passed": "green", "failed": "red", "skipped": "yellow", "vacuous": "yellow", "errored": "bold red"}
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def console() -> Console:
    """A console that takes no markup from the text it prints: answers and file names are not trusted."""
    from rich.console import Console

    width = None if sys.stdout.isatty() or "COLUMNS" in os.environ else 120
    return Console(highlight=False, markup=False, emoji=False, width=width)


def plain(text: object) -> str:
    """Text without control characters and direction overrides, which a terminal would obey."""
    clean = CONTROL.sub("\N{REPLACEMENT CHARACTER}", str(text))
    return clean.encode("utf-8", "backslashreplace").decode()


class BarProgress(Progress):
    """Draws one bar a stage."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._task: Any = None

    def stage(self, name: str, total: int | None) -> None:
        if self._task is not None:
            self._bars.update(self._task, visible=False)
        self._task = self._bars.add_task(name, total=total)

    def advance(self, count: int) -> None:
        if self._task is not None:
            self._bars.advance(self._task, count)


@contextmanager
def audit_progress(silent: bool) -> Iterator[Progress]:
    """Bars on standard error while it is a terminal; nothing where it is not, or where silence was asked for."""
    if silent or not sys.stderr.isatty():
        yield Progress()
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
        yield BarProgress(bars)


def print_summary(run: AuditRun, release: Release, out: Path) -> None:
    """The verdict, what blocks, what warns, what was not checked, and where the report is."""
    verdict = judge(run.outcomes, run.findings, release)
    screen = console()
    screen.print()
    screen.print(f"{plain(run.dataset.name)}: {run.dataset.rows:,} rows, {run.dataset.images:,} images", style="bold")
    screen.print(verdict.sentence, style="bold green" if verdict.ready else "bold red")
    _print_outcomes(screen, "Blocks the release", verdict.blockers, run)
    _print_outcomes(screen, "Worth a look", verdict.warnings, run)
    _print_not_checked(screen, verdict)
    for note in run.metrics.get("notes", ()):
        screen.print(f"note: {plain(note)}", style="yellow")
    passed = sum(o.outcome is OutcomeStatus.PASSED for o in run.outcomes)
    seconds = sum(stage.seconds for stage in run.stages)
    screen.print()
    screen.print(f"{passed} checks passed; {len(run.findings):,} findings in all; {seconds:.1f} s")
    screen.print(f"report: {out / 'report.html'}")


def _print_outcomes(screen: Console, title: str, outcomes: Sequence[CheckOutcome], run: AuditRun) -> None:
    if not outcomes:
        return
    from rich.table import Table

    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("check", no_wrap=True)
    table.add_column("findings", justify="right", no_wrap=True)
    table.add_column("of", justify="right", no_wrap=True)
    table.add_column("what")
    for outcome in outcomes:
        doc = run.docs[outcome.code]
        of = f"{outcome.evaluated:,} {doc.unit}"
        table.add_row(outcome.code, f"{outcome.violations:,}", of, plain(doc.title))
    screen.print()
    screen.print(table)


def _print_not_checked(screen: Console, verdict: Verdict) -> None:
    if not verdict.not_checked:
        return
    reasons = Counter((o.outcome.value, o.reason or "") for o in verdict.not_checked)
    screen.print()
    screen.print(f"Not checked ({len(verdict.not_checked)}):", style="bold")
    for (status, reason), number in reasons.most_common():
        codes = [o.code for o in verdict.not_checked if (o.outcome.value, o.reason or "") == (status, reason)]
        named = ", ".join(codes[:4]) + (f" and {number - 4} more" if number > 4 else "")
        screen.print(f"  {status}: {plain(reason)} ({named})")


def print_check(verdict: Verdict, outcomes: Sequence[CheckOutcome], findings: Sequence[Finding]) -> None:
    """One line a finding up to twenty a check, with how many there are in all."""
    screen = console()
    for outcome in outcomes:
        if outcome.outcome is OutcomeStatus.PASSED:
            continue
        count = f"{outcome.violations:,} of {outcome.evaluated:,}" if outcome.violations else outcome.reason or ""
        screen.print(
            f"{outcome.code} {outcome.name}: {outcome.outcome.value}, {plain(count)}", style=STYLES[outcome.outcome]
        )
        found = [f for f in findings if f.check == outcome.code]
        for finding in found[:20]:
            where = "" if finding.row is None else f"row {finding.row}: "
            hint = f" -> {plain(finding.suggestion)}" if finding.suggestion else ""
            screen.print(f"  {where}{plain(finding.message)}{hint}")
        if len(found) > 20:
            screen.print(f"  … 20 of {len(found):,} shown; --json gives all")
    screen.print(verdict.sentence, style="bold green" if verdict.ready else "bold red")


def print_pairs(pairs: Sequence[DuplicatePair], notes: Sequence[str]) -> None:
    """Every pair on one line: the two ids, how equal they are, and what aligns them."""
    screen = console()
    for pair in pairs:
        how = f"{pair.tier.value}, similarity {pair.similarity:.3f}, {pair.transform}"
        screen.print(f"{plain(pair.left)}  {plain(pair.right)}  {how}", soft_wrap=True)
    for note in notes:
        screen.print(f"note: {plain(note)}", style="yellow")
    screen.print(f"{len(pairs):,} pairs", style="bold")


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
