"""A verdict comes in; its sentence and its reasons go out, for a terminal or as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict

from kvqa_audit.console.terminal import console, say
from kvqa_audit.release.gate import Verdict


def print_verdict(verdict: Verdict, decisions: str | None) -> None:
    """The verdict, one line a reason, what was waived, and the decisions file that was read."""
    screen = console()
    screen.print(verdict.sentence, style="bold green" if verdict.ready else "bold red")
    for reason in verdict.reasons:
        say(f"  {reason}")
    for told in verdict.spared:
        say(f"  {told}")
    print_decisions_read(decisions, verdict.tally.total.waived)


def print_decisions_read(decisions: str | None, waived: int) -> None:
    """Which decisions file was read; nothing where there is none."""
    if decisions is not None:
        say(f"decisions: read from {decisions}; {waived:,} findings are waived")


def verdict_as_json(verdict: Verdict, decisions: str | None) -> str:
    """The verdict as one JSON text; checks are named by their codes."""
    record = {
        "ready": verdict.ready,
        "sentence": verdict.sentence,
        "reasons": list(verdict.reasons),
        "spared": list(verdict.spared),
        "blockers": [outcome.code for outcome in verdict.blockers],
        "warnings": [outcome.code for outcome in verdict.warnings],
        "not_checked": [outcome.code for outcome in verdict.not_checked],
        "findings": asdict(verdict.tally.total),
        "decisions": decisions,
        "exit_code": verdict.exit_code,
    }
    return json.dumps(record, ensure_ascii=True, indent=1)
