"""What a service tells of its audits comes in; a list of them, or a gate, goes out to a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kvqa_audit.console.terminal import console, plain

if TYPE_CHECKING:
    from kvqa_audit.client.records import Gate, Run


def print_runs(runs: Sequence[Run]) -> None:
    """One line an audit."""
    screen = console()
    if not runs:
        screen.print("No audit yet.")
    for run in runs:
        said = f"{run.id:>6}  {run.queued_at:%Y-%m-%d %H:%M}  {run.verdict or run.state}"
        if run.verdict is not None:
            new = "" if run.new is None else f", {run.new:,} new, {run.fixed:,} fixed"
            said += f"  {run.errors:,} errors, {run.warnings:,} warnings{new}"
        elif run.reason:
            said += f": {run.reason}"
        screen.print(plain(said), soft_wrap=True)


def print_gate(gate: Gate) -> None:
    """The verdict, one line a reason, and what could still change it."""
    screen = console()
    screen.print(plain(gate.sentence), style="bold green" if gate.ready else "bold red")
    for reason in gate.reasons:
        screen.print(f"  {plain(reason)}", soft_wrap=True)
    screen.print(plain(gate.outlook), soft_wrap=True)
