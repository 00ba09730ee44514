"""`kvqa-audit review`: an audit comes in; what a person decides about its findings goes into the decisions file."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kvqa_audit.cli.options import DECISIONS

if TYPE_CHECKING:
    from kvqa_audit.model import AuditRun, Finding
    from kvqa_audit.release.decisions import Decision
    from kvqa_audit.release.review import Wanted


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
    check: Annotated[
        list[str] | None, typer.Option(help="Only this check (KV30-L6) or family (KV30); may be repeated.")
    ] = None,
    severity: Annotated[Least, typer.Option(help="The least severity.")] = Least.INFO,
    img_id: Annotated[str | None, typer.Option(help="Only findings about this image.")] = None,
    who: Annotated[str | None, typer.Option(help="Who decides.", show_default="your user name")] = None,
    update: Annotated[bool, typer.Option("--update", help="Take decisions out that are stale.")] = False,
    add: Annotated[Added | None, typer.Option(help="With --update: decide so about all that is open.")] = None,
    reason: Annotated[str | None, typer.Option(help="With --add: why.")] = None,
    expires: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="With --add: the last day it holds.")
    ] = None,
    merge: Annotated[
        Path | None, typer.Option(help="Take over the decisions of this file, such as a report saved.")
    ] = None,
    undo: Annotated[bool, typer.Option("--undo", help="Take out the decisions that were made together last.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing before many decisions at once.")] = False,
) -> None:
    """Decide about findings, one after the other, or about many at once."""
    from kvqa_audit.artifacts.folder import read_artifacts
    from kvqa_audit.console.review import print_merged, print_precision, print_stored
    from kvqa_audit.errors import KvqaAuditError
    from kvqa_audit.model import Severity
    from kvqa_audit.release.codes import codes_named
    from kvqa_audit.release.decisions_file import read_decisions
    from kvqa_audit.release.precision import precision_by_check
    from kvqa_audit.release.review import Wanted, decisions_in, file_for, merged, to_decide

    if (add or reason or expires) and not (update and add and (reason or "").strip()):
        raise KvqaAuditError("--add needs --update and a --reason; --reason and --expires go with --add")
    run = read_artifacts(audit)
    path = file_for(run, decisions)
    wanted = Wanted(codes_named(check, run.docs) if check else None, Severity(severity.value), img_id)
    today = datetime.now(UTC).date()
    decider = who or os.environ.get("USER") or os.environ.get("USERNAME") or "unknown"
    if merge is not None:
        added, known_already = merged(path, read_decisions(merge))
        print_merged(merge, path, added, known_already)
    elif undo:
        _undo(run, path, yes)
    elif update:
        many = Many(add, (reason or "").strip(), expires.date() if expires else None, decider, yes)
        _update(run, path, wanted, many)
    else:
        added = _walk(to_decide(run, decisions_in(path), wanted, today), run, path, decider)
        print_stored(path, added, 0, len(to_decide(run, decisions_in(path), wanted, today)))
    print_precision(precision_by_check(decisions_in(path), run.docs))


@dataclass(frozen=True, slots=True)
class Many:
    """What is decided about many findings at once; nothing where `add` is None."""

    add: Added | None
    reason: str
    expires: date | None
    who: str
    yes: bool


def _update(run: AuditRun, path: Path, wanted: Wanted, many: Many) -> None:
    """Takes stale decisions out, and decides about all wanted findings that are open, once they were shown."""
    from kvqa_audit.console.review import print_many, print_stored
    from kvqa_audit.release.decisions import DecisionVerdict, decide
    from kvqa_audit.release.review import decisions_in, report_on, store, to_decide

    today, known = datetime.now(UTC).date(), decisions_in(path)
    findings = to_decide(run, known, wanted, today)
    stale = report_on(run, known, today).stale
    new: list[Decision] = []
    if many.add is not None:
        verdict = DecisionVerdict(many.add.value)
        new = [decide(f, verdict, many.reason, many.who, today, many.expires) for f in findings]
        until = f"until {many.expires}" if many.expires else "for ever"
        print_many(findings, run.docs, f"would be {many.add.value} by {many.who}, {until}: {many.reason}")
        _make_sure(f"Decide so about {len(new):,} findings?", many.yes or not new)
    if new or stale:
        store(path, new, stale)
    print_stored(path, len(new), len(stale), len(findings) - len(new))


def _undo(run: AuditRun, path: Path, yes: bool) -> None:
    """Takes the decisions out that were made together last, once they were shown."""
    from kvqa_audit.console.review import print_stored, print_undone
    from kvqa_audit.errors import KvqaAuditError
    from kvqa_audit.release.review import Wanted, decisions_in, last_batch, store, to_decide

    batch = last_batch(decisions_in(path))
    if not batch:
        raise KvqaAuditError(f"{path}: holds no decision that could be undone")
    print_undone(batch)
    _make_sure(f"Take {len(batch):,} decisions out?", yes)
    store(path, (), batch)
    left = to_decide(run, decisions_in(path), Wanted(), datetime.now(UTC).date())
    print_stored(path, 0, len(batch), len(left))


def _make_sure(question: str, yes: bool) -> None:
    from kvqa_audit.console.review import confirmed
    from kvqa_audit.errors import KvqaAuditError

    if not yes and not confirmed(question):
        raise KvqaAuditError("nothing was written; answer y, or give --yes")


def _walk(findings: tuple[Finding, ...], run: AuditRun, path: Path, who: str) -> int:
    """Asks about one finding after the other and stores each answer at once; gives the number of decisions."""
    from kvqa_audit.console.review import ask, show_finding
    from kvqa_audit.release.applying import undecided
    from kvqa_audit.release.decisions import corrected, decide
    from kvqa_audit.release.review import pictures_of, store

    added: list[Decision] = []
    total, left, last_reason = len(findings), list(findings), ""
    while left:
        finding = left.pop(0)
        place = f"{total - len(left)} of {total}"
        show_finding(finding, run.docs.get(finding.check), pictures_of(finding, run), place)
        answer = ask(last_reason, has_answer=corrected(finding, "") is not None)
        if answer is None:
            break
        if answer.verdict is not None:
            today = datetime.now(UTC).date()
            last_reason = last_reason if answer.right else answer.reason
            right = corrected(finding, answer.right) if answer.right else None
            added.append(decide(finding, answer.verdict, answer.reason, who, today, answer.expires, right))
            store(path, added[-1:])
            # A pair judged false settles what else was found about it.
            left = list(undecided(left, added, today, run.docs))
    return len(added)
