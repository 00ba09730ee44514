"""`kvqa-audit review`: an audit comes in; what a person decides about its findings goes into the decisions file."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kvqa_audit.cli.options import DECISIONS

if TYPE_CHECKING:
    from kvqa_audit.model import AuditRun, Finding
    from kvqa_audit.release.decisions import Decision


class Least(StrEnum):
    """The least severity that is shown."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Added(StrEnum):
    """What `--add` decides about every finding that is still open."""

    CONFIRMED = "confirmed"
    FALSE_POSITIVE = "false positive"
    ACCEPTED = "accepted"
    FIXED = "fixed"


def review(
    audit: Annotated[Path, typer.Argument(help="Folder of a finished audit.")],
    decisions: DECISIONS = None,
    check: Annotated[list[str] | None, typer.Option(help="Only checks whose code begins so; may be repeated.")] = None,
    severity: Annotated[Least, typer.Option(help="The least severity.")] = Least.INFO,
    img_id: Annotated[str | None, typer.Option(help="Only findings about this image.")] = None,
    who: Annotated[str | None, typer.Option(help="Who decides.", show_default="your user name")] = None,
    update: Annotated[bool, typer.Option("--update", help="Ask nothing; take decisions out that are stale.")] = False,
    add: Annotated[Added | None, typer.Option(help="With --update: decide so about all that is open.")] = None,
    reason: Annotated[str | None, typer.Option(help="With --add: why.")] = None,
    expires: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="With --add: the last day it holds.")
    ] = None,
    merge: Annotated[
        Path | None, typer.Option(help="Ask nothing; take over the decisions of this file, such as a report saved.")
    ] = None,
) -> None:
    """Decide about findings, one after the other."""
    from kvqa_audit.artifacts.folder import read_artifacts
    from kvqa_audit.console.review import print_merged, print_stored
    from kvqa_audit.model import Severity
    from kvqa_audit.release.decisions import DecisionVerdict, decide
    from kvqa_audit.release.decisions_file import read_decisions
    from kvqa_audit.release.review import Wanted, decisions_in, file_for, merged, report_on, store, to_decide

    if (add or reason or expires) and not (update and add and (reason or "").strip()):
        raise typer.BadParameter("--add needs --update and a --reason; --reason and --expires go with --add")
    run = read_artifacts(audit)
    path = file_for(run, decisions)
    wanted = Wanted(tuple(check or ()), Severity(severity.value), img_id)
    today = datetime.now(UTC).date()
    if merge is not None:
        added, known_already = merged(path, read_decisions(merge))
        print_merged(merge, path, added, known_already)
        return
    decider = who or os.environ.get("USER") or os.environ.get("USERNAME") or "unknown"
    known = decisions_in(path)
    findings = to_decide(run, known, wanted, today)
    if not update:
        added = _walk(findings, run, path, decider)
        print_stored(path, added, 0, len(to_decide(run, decisions_in(path), wanted, today)))
        return
    stale = report_on(run, known, today).stale
    verdict = DecisionVerdict(add.value) if add is not None else None
    until = expires.date() if expires else None
    new = [decide(f, verdict, (reason or "").strip(), decider, today, until) for f in findings] if verdict else []
    if new or stale:
        store(path, new, stale)
    print_stored(path, len(new), len(stale), len(findings) - len(new))


def _walk(findings: tuple[Finding, ...], run: AuditRun, path: Path, who: str) -> int:
    """Asks about one finding after the other and stores each answer at once; gives the number of decisions."""
    from kvqa_audit.console.review import ask, show_finding
    from kvqa_audit.release.decisions import decide, undecided
    from kvqa_audit.release.review import pictures_of, store

    added: list[Decision] = []
    total, left, last_reason = len(findings), list(findings), ""
    while left:
        finding = left.pop(0)
        place = f"{total - len(left)} of {total}"
        show_finding(finding, run.docs.get(finding.check), pictures_of(finding, run), place)
        answer = ask(last_reason)
        if answer is None:
            break
        if answer.verdict is not None:
            today, last_reason = datetime.now(UTC).date(), answer.reason
            added.append(decide(finding, answer.verdict, answer.reason, who, today, answer.expires))
            store(path, added[-1:])
            # A pair judged false settles what else was found about it.
            left = list(undecided(left, added, today, run.docs))
    return len(added)
