"""The results of an audit come in; a summary for a terminal goes out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from kvqa_audit.console.terminal import STYLES, console, plain
from kvqa_audit.model import AuditRun, CheckOutcome, DuplicatePair, Finding, OutcomeStatus
from kvqa_audit.release.gate import Verdict

if TYPE_CHECKING:
    from rich.console import Console


def print_summary(run: AuditRun, verdict: Verdict, out: Path) -> None:
    """The verdict, what blocks, what warns, what was not checked, and where the report is."""
    screen = console()
    screen.print()
    screen.print(f"{plain(run.dataset.name)}: {run.dataset.rows:,} rows, {run.dataset.images:,} images", style="bold")
    if run.dataset.reader:
        screen.print(f"read: {plain(run.dataset.reader)}", soft_wrap=True)
    screen.print(verdict.sentence, style="bold green" if verdict.ready else "bold red")
    _print_other_reasons(screen, verdict)
    _print_outcomes(screen, "Blocks the release", verdict.blockers, run)
    _print_outcomes(screen, "Worth a look", verdict.warnings, run)
    _print_not_checked(screen, verdict)
    for note in run.metrics.get("notes", ()):
        screen.print(f"note: {plain(note)}", style="yellow")
    passed = sum(o.outcome is OutcomeStatus.PASSED for o in run.outcomes)
    seconds = (datetime.fromisoformat(run.finished_at) - datetime.fromisoformat(run.started_at)).total_seconds()
    screen.print()
    screen.print(f"{passed} checks passed; {len(run.findings):,} findings in all; {seconds:.1f} s")
    screen.print(f"report: {out / 'report.html'}")


def _print_other_reasons(screen: Console, verdict: Verdict) -> None:
    """The reasons that are not simply the findings of a check, which a table tells."""
    told = tuple(f"{o.code} {o.name}: {o.violations:,} of {o.evaluated:,}" for o in verdict.blockers)
    for reason in verdict.reasons:
        if reason not in told:
            screen.print(f"  {plain(reason)}")


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
