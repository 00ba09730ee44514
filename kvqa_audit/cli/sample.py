"""`kvqa-audit sample`: an audit comes in; how much is wrong, by a random sample that a person looks at, goes out."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from kvqa_audit.cli.options import DECISIONS
from kvqa_audit.release.sample_unit import Unit


def sample(
    audit: Annotated[Path, typer.Argument(help="Folder of a finished audit.")],
    number: Annotated[int, typer.Option("--number", "-n", min=1, help="How many are looked at in all.")] = 100,
    of: Annotated[Unit, typer.Option("--of", help="Single answers, or images with all of theirs.")] = Unit.ANSWERS,
    seed: Annotated[int, typer.Option(min=0, help="Another one draws another sample.")] = 1,
    decisions: DECISIONS = None,
    who: Annotated[str | None, typer.Option(help="Who looks.", show_default="your user name")] = None,
) -> None:
    """Look at answers drawn at random, and estimate how many of all are wrong.

    What you say goes into the decisions file at once, so that you may stop, and go on later.
    """
    from kvqa_audit.artifacts.folder import read_artifacts
    from kvqa_audit.console.sample import ask_if_right, print_error_rate, show_drawn
    from kvqa_audit.console.terminal import say
    from kvqa_audit.errors import KvqaAuditError
    from kvqa_audit.release.decisions import corrected, decide
    from kvqa_audit.release.review import decisions_in, file_for, pictures_of, store
    from kvqa_audit.release.sample import draw, error_rate
    from kvqa_audit.release.sentence import counted

    run = read_artifacts(audit)
    if not run.rows:
        raise KvqaAuditError(f"{audit}: holds no rows that could be drawn; audit the dataset again, with its table")
    path = file_for(run, decisions)
    drawn = draw(run, number, seed, of)
    decider = who or os.environ.get("USER") or os.environ.get("USERNAME") or "unknown"
    today = datetime.now(UTC).date()
    last = {decision.key: decision for decision in decisions_in(path)}
    open_ones = [
        (place, one)
        for place, one in enumerate(drawn, 1)
        if (known := last.get(one.finding.key)) is None or not known.settles(one.finding, today)
    ]
    added = 0
    for place, one in open_ones:
        show_drawn(one, pictures_of(one.finding, run), f"{place} of {len(drawn):,}")
        answer = ask_if_right(has_answer=corrected(one.finding, "") is not None)
        if answer is None:
            break
        if answer.verdict is not None:
            right = corrected(one.finding, answer.right) if answer.right else None
            store(path, [decide(one.finding, answer.verdict, answer.reason, decider, today, None, right)])
            added += 1
    left = len(open_ones) - added
    say(f"{path}: {counted(added, 'decision')} added; {left:,} of {len(drawn):,} are still to be looked at")
    print_error_rate(error_rate(run, decisions_in(path), seed, of))
