"""A finding comes in and is shown; what a person answers about it goes out. And what came of decisions, in words."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kvqa_audit.console.terminal import console, plain, say
from kvqa_audit.model import CheckDoc, EvidenceChange, Finding, Severity
from kvqa_audit.release.decisions import Decision, DecisionVerdict
from kvqa_audit.release.merging import Merged
from kvqa_audit.release.precision import Precision
from kvqa_audit.release.sentence import counted

if TYPE_CHECKING:
    from rich.console import Console

LETTERS = {
    "c": DecisionVerdict.CONFIRMED,
    "f": DecisionVerdict.FALSE_POSITIVE,
    "a": DecisionVerdict.ACCEPTED,
    "x": DecisionVerdict.FIXED,
    "u": DecisionVerdict.UNSURE,
}
_QUESTION = "(c)onfirm, {correct}(f)alse positive, (a)ccept, fi(x)ed, (u)nsure, (s)kip, (q)uit: "
_CORRECT = "co(r)rect, "
_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.INFO: "cyan"}
_SHOWN = 10
_EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person said about one finding; no verdict is a skip, and `right` the answer that is to be stored."""

    verdict: DecisionVerdict | None
    reason: str = ""
    expires: date | None = None
    right: str | None = None


def show_finding(finding: Finding, doc: CheckDoc | None, pictures: Sequence[str], place: str) -> None:
    """One finding with its evidence, its pictures and the advice on it; `place` is such as 3 of 12."""
    screen = console()
    screen.print()
    screen.print(f"[{place}] {finding.check} {finding.severity.value}  {finding.key}", style=_STYLES[finding.severity])
    screen.print(plain(finding.message))
    about = {"image": finding.img_id, "question": finding.question, "answer": finding.answer}
    for name, value in about.items():
        if value is not None:
            screen.print(f"  {name}: {plain(value)}")
    for picture in pictures:
        say(f"  picture: {picture}")
    if finding.evidence_changes and finding.decision is not None:
        who = f"{finding.decision.verdict} by {finding.decision.decided_by} on {finding.decision.decided_at}"
        screen.print(f"  decided on other evidence: {plain(who)}: {plain(finding.decision.reason)}", style="yellow")
        for change in finding.evidence_changes:
            screen.print(f"    {plain(str(change))}", style="yellow")
    for name, value in finding.evidence.items():
        screen.print(f"  {plain(name)}: {_short(value)}", style="dim")
    if finding.suggestion:
        screen.print(f"  suggestion: {plain(finding.suggestion)}")
    if doc is not None:
        screen.print(f"  what to do: {plain(doc.fix)}", style="italic")


def ask(last_reason: str, *, has_answer: bool) -> Answer | None:
    """Asks for verdict, reason and, where it is accepted, its last day; None is the wish, or the end of input, to stop.

    Args:
        last_reason: a reason of one dot is this one again.
        has_answer: whether the finding is about a stored answer, which may be corrected.
    """
    screen = console()
    letters = ("c", *(["r"] if has_answer else []), *list(LETTERS)[1:], "s", "q")
    question = _QUESTION.format(correct=_CORRECT if has_answer else "")
    try:
        while (letter := screen.input(question).strip().casefold()) not in (*letters, ""):
            screen.print(f"{plain(letter[:40])} is none of {', '.join(letters)}", style="red")
        if letter == "q":
            return None
        if letter == "r":
            right = plain(screen.input("the right answer (nothing to leave it): ").strip())
            return (
                Answer(DecisionVerdict.CONFIRMED, f"to be corrected to: {right}", right=right)
                if right
                else Answer(None)
            )
        if letter not in LETTERS:
            return Answer(None)
        verdict = LETTERS[letter]
        reason = _ask_reason(screen, last_reason)
        return Answer(verdict, reason, _ask_day(screen) if verdict is DecisionVerdict.ACCEPTED else None)
    except EOFError:
        screen.print()
        return None


def _ask_reason(screen: Console, last_reason: str) -> str:
    again = ", . for the last one again" if last_reason else ""
    while True:
        reason = plain(screen.input(f"reason{again}: ").strip())
        if reason == "." and last_reason:
            return last_reason
        if reason:
            return reason
        screen.print("a decision needs a reason", style="red")


def _ask_day(screen: Console) -> date | None:
    while True:
        text = screen.input("until which day (2027-01-31; nothing for ever): ").strip()
        try:
            return date.fromisoformat(text) if text else None
        except ValueError:
            screen.print(f"{plain(text[:40])} is no day", style="red")


def print_decisions(decisions: Mapping[str, Any]) -> None:
    """What came of the decisions in an audit, from its metrics; nothing where there are none."""
    if not decisions.get("file"):
        return
    print_error_rates(decisions)
    screen = console()
    number = sum(decisions["verdicts"].values())
    waived = decisions["waived"]
    told = counted(waived, "finding is", "findings are")
    say(f"decisions: {number:,} in {decisions['file']}, by which {told} waived")
    for kind, what in (
        ("contradicted", "said to be fixed, and still found"),
        ("expired", "expired, and open again"),
        ("other_evidence", "decided on other evidence, and open again"),
        ("stale", "about what is no longer found; 'kvqa-audit review AUDIT --update' takes them out"),
    ):
        told = decisions.get(kind, ())  # audits of earlier versions know not all kinds
        if told:
            screen.print(f"  {len(told):,} {what}:", style="yellow")
            for decision in told[:_SHOWN]:
                screen.print(f"    {_in_words(decision)}")
                for change in decision.get("changes", ())[:_SHOWN]:
                    screen.print(f"      {plain(str(EvidenceChange(**change)))}", style="dim")
            if len(told) > _SHOWN:
                screen.print(f"    … {_SHOWN} of {len(told):,} shown; audit.json has all")


def print_error_rates(decisions: Mapping[str, Any]) -> None:
    """What people found out about random samples, from an audit's metrics; nothing where nobody looked at one."""
    for rate in decisions.get("error_rates", ()):
        say(rate["in_words"])


def _in_words(decision: Mapping[str, Any]) -> str:
    ids = " and ".join(decision["related"]) or decision["img_id"] or ""
    about = ", ".join(plain(part) for part in (ids, decision["question"], decision["answer"]) if part)
    line = f" (line {decision['line']})" if decision["line"] else ""
    return f"{plain(decision['key'])} {plain(decision['check'])} {decision['verdict']}: {about}{line}"


def print_precision(precisions: Mapping[str, Precision]) -> None:
    """How often each check was right that people judged findings of, and what to do about one that mostly is not."""
    for code, precision in precisions.items():
        advice = precision.advice(code)
        told = f"  {code}: {precision.in_words()}{f'; {advice}' if advice else ''}"
        console().print(plain(told), style="yellow" if advice else "dim")


def print_many(findings: Sequence[Finding], docs: Mapping[str, CheckDoc], what: str) -> None:
    """How many findings of which checks are about to be decided, with the first messages, and how."""
    screen = console()
    screen.print(f"{counted(len(findings), 'finding')} {plain(what)}", style="bold")
    for code, number in Counter(finding.check for finding in findings).most_common():
        title = docs[code].title if code in docs else ""
        screen.print(f"  {number:,} of {code} {plain(title)}")
        for finding in [one for one in findings if one.check == code][:_EXAMPLES]:
            screen.print(f"    {plain(finding.img_id or '')} {plain(finding.message)}", style="dim")


def print_undone(batch: Sequence[Decision]) -> None:
    """The decisions that are about to be taken out."""
    first, screen = batch[0], console()
    told = f"{counted(len(batch), 'decision')}: {first.verdict.value} by {first.who} on {first.when}: {first.reason}"
    screen.print(plain(told), style="bold")
    for code, number in Counter(decision.check for decision in batch).most_common():
        screen.print(f"  {number:,} of {code}")


def confirmed(question: str) -> bool:
    """Whether a person says yes; the end of input is a no."""
    try:
        return console().input(f"{question} (y/N) ").strip().casefold() in ("y", "yes")
    except EOFError:
        return False


def print_merge(path: Path, merged: Merged) -> None:
    """What came of merging two versions of a decisions file, and on what they disagree."""
    screen = console()
    say(f"{path}: {len(merged.added):,} of theirs added, {len(merged.removed):,} taken out as they did")
    for conflict in merged.conflicts:
        first = conflict.ours[-1]
        about = " and ".join(first.related) or first.img_id or first.key
        screen.print(f"  both decided about {plain(first.check)} {plain(first.key)}, {plain(about)}:", style="bold red")
        for side, decisions in (("ours", conflict.ours), ("theirs", conflict.theirs)):
            last = decisions[-1]
            right = "" if last.correction is None else f", right is {last.correction.answer}"
            told = f"{last.verdict.value}{right}, by {last.who} on {last.when}: {last.reason}"
            screen.print(f"    {side}: {plain(told)}")
    if merged.conflicts:
        say(f"{path}: keep one of each two between the marks at its end, and take the marks out")


def print_merged(source: Path, path: Path, added: int, known: int) -> None:
    """What came of taking over the decisions of another file."""
    already = f"; {known:,} stood there already" if known else ""
    say(f"{path}: {counted(added, 'decision')} added from {source}{already}")


def print_stored(path: object, added: int, removed: int, left: int) -> None:
    """What a review did to the decisions file, and how much is still open."""
    screen = console()
    say(f"{path}: {counted(added, 'decision')} added, {removed:,} removed")
    screen.print(f"{counted(left, 'finding is', 'findings are')} not decided")


def _short(value: Any) -> str:
    text = plain(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
    return text if len(text) <= 300 else f"{text[:300]}…"
