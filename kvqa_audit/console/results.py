"""The results of an audit come in; a summary for a terminal goes out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from kvqa_audit.console.terminal import STYLES, console, plain, say, table
from kvqa_audit.model import AuditRun, CheckOutcome, DuplicatePair, Finding, OutcomeStatus
from kvqa_audit.model.counts import in_words
from kvqa_audit.outputs.file_positions import TableFile
from kvqa_audit.release.gate import Verdict

if TYPE_CHECKING:
    from rich.console import Console

    from kvqa_audit.pipeline.judge_in_parts import JudgedInParts


def print_summary(run: AuditRun, verdict: Verdict, place: Path | str) -> None:
    """The verdict, what blocks, what warns, what was not checked, and where the report is."""
    screen = console()
    screen.print()
    screen.print(f"{plain(run.dataset.name)}: {run.dataset.rows:,} rows, {run.dataset.images:,} images", style="bold")
    if run.dataset.reader:
        say(f"read: {run.dataset.reader}")
    screen.print(verdict.sentence, style="bold green" if verdict.ready else "bold red")
    _print_other_reasons(screen, verdict)
    tally = verdict.tally
    _print_outcomes(screen, "Blocks the release", verdict.blockers, run, lambda code: tally.of(code).blocking)
    _print_outcomes(
        screen, "Worth a look", verdict.warnings, run, lambda code: tally.of(code).errors + tally.of(code).warnings
    )
    _print_not_checked(screen, verdict)
    for note in run.metrics.get("notes", ()):
        screen.print(f"note: {plain(note)}", style="yellow")
    passed = sum(o.outcome is OutcomeStatus.PASSED for o in run.outcomes)
    seconds = (datetime.fromisoformat(run.finished_at) - datetime.fromisoformat(run.started_at)).total_seconds()
    screen.print()
    screen.print(f"{passed} checks passed; findings: {in_words(tally.total)}; {seconds:.1f} s")
    say(f"report: {place}/report.html")


def _print_other_reasons(screen: Console, verdict: Verdict) -> None:
    """The reasons that are not simply the findings of a check, which a table tells."""
    told = tuple(f"{outcome.code} " for outcome in verdict.blockers)
    for reason in verdict.reasons:
        if not told or not reason.startswith(told):
            screen.print(f"  {plain(reason)}")
    for told_of_one in verdict.spared:
        screen.print(f"  {plain(told_of_one)}")


def _print_outcomes(
    screen: Console, title: str, outcomes: Sequence[CheckOutcome], run: AuditRun, number: Callable[[str], int]
) -> None:
    """One sentence a check with its number of findings, the most first; `number` gives it by the check's code."""
    if not outcomes:
        return
    lines = table(title=title)
    lines.add_column("findings", justify="right", no_wrap=True)
    lines.add_column("what", overflow="fold")
    for outcome in sorted(outcomes, key=lambda one: -number(one.code)):
        doc = run.docs[outcome.code]
        words = f"{plain(doc.title.rstrip('.'))} ({outcome.code}, of {outcome.evaluated:,} {plain(doc.unit)})"
        lines.add_row(f"{number(outcome.code):,}", words)
    screen.print()
    screen.print(lines)


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


def print_check(
    verdict: Verdict, outcomes: Sequence[CheckOutcome], findings: Sequence[Finding], file: TableFile
) -> None:
    """One line a finding up to twenty a check, with how many there are in all.

    Args:
        verdict, outcomes, findings: of the rows of one table.
        file: where the rows stand.
    """
    screen = console()
    for outcome in outcomes:
        if outcome.outcome is OutcomeStatus.PASSED:
            continue
        counts = verdict.tally.of(outcome.code)
        count = f"{in_words(counts)} of {outcome.evaluated:,}" if counts.found else outcome.reason or ""
        screen.print(
            f"{outcome.code} {outcome.name}: {outcome.outcome.value}, {plain(count)}", style=STYLES[outcome.outcome]
        )
        found = [f for f in findings if f.check == outcome.code]
        for finding in found[:20]:
            hint = f" -> {plain(finding.suggestion)}" if finding.suggestion else ""
            screen.print(f"  {where(finding, file)}{plain(finding.message)}{hint}")
        if len(found) > 20:
            screen.print(f"  … 20 of {len(found):,} shown; --json gives all")
    screen.print(verdict.sentence, style="bold green" if verdict.ready else "bold red")


def print_check_in_parts(judged: JudgedInParts) -> None:
    """One line a check, where all findings are, and what was not judged."""
    screen = console()
    for outcome in judged.outcomes:
        if outcome.outcome is OutcomeStatus.PASSED:
            continue
        count = f"{outcome.violations:,} of {outcome.evaluated:,}" if outcome.violations else outcome.reason or ""
        screen.print(
            f"{outcome.code} {outcome.name}: {outcome.outcome.value}, {plain(count)}", style=STYLES[outcome.outcome]
        )
    reasons: dict[str, list[str]] = {}
    for code, reason in judged.not_judged.items():
        reasons.setdefault(reason, []).append(code)
    for reason, codes in reasons.items():
        screen.print(f"not judged in parts: {', '.join(codes)}, which {reason}", style="yellow")
    if judged.sampled_rows < judged.table.rows:
        of = f"{judged.sampled_rows:,} of {judged.table.rows:,} rows, those of images drawn by their ids"
        screen.print(f"judged on a sample: {', '.join(judged.of_sample)} ({of})", style="yellow")
    number = sum(judged.counts.values())
    say(f"{judged.table.rows:,} rows in {judged.table.parts:,} parts; all {number:,} findings: {judged.folder}")


def where(finding: Finding, file: TableFile) -> str:
    """`line 5: ` or the like; "" for a finding about no row."""
    place = file.place_of(finding)
    return f"{place}: " if place else ""


def print_pairs(pairs: Sequence[DuplicatePair], notes: Sequence[str]) -> None:
    """Every pair on one line: the two ids, how equal they are, and what aligns them."""
    screen = console()
    for pair in pairs:
        how = f"{pair.tier.value}, similarity {pair.similarity:.3f}, {pair.transform}"
        say(f"{pair.left}  {pair.right}  {how}")
    for note in notes:
        screen.print(f"note: {plain(note)}", style="yellow")
    screen.print(f"{len(pairs):,} pairs", style="bold")
