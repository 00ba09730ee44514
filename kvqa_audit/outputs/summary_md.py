"""A finished audit and its verdict come in; a Markdown summary of a screen, for a pull request or a card, goes out."""

from __future__ import annotations

import re
from collections.abc import Mapping

from kvqa_audit.model import AuditRun, CheckOutcome, Counts, OutcomeStatus
from kvqa_audit.model.counts import waivers_of
from kvqa_audit.outputs.badge import LABEL, badge_words
from kvqa_audit.outputs.file_positions import count_of, told_by_blockers
from kvqa_audit.release.gate import Verdict
from kvqa_audit.report.text import shown

MAX_BLOCKERS = 8
MAX_WARNINGS = 5
MAX_WAIVERS = 6
MAX_LINE = 200
_MARKUP = re.compile(r"([\\`*_\[\]<>#|~$&]|:(?=//)|(?<=www)\.|^[-+=]|^\d+(?=[.)]))", re.IGNORECASE)
_ENTITIES = {"<": "&lt;", ">": "&gt;", "&": "&amp;"}
# A backslash does not keep a code host from making links and mails of these; a comment after them does.
_LINKED = re.compile(r"@|#(?=\d)")


def summary_markdown(run: AuditRun, verdict: Verdict, report_url: str = "") -> str:
    """The verdict, what blocks, the counts, what was waived, and what changed; nothing in it is loaded from elsewhere.

    Args:
        run: the audit.
        verdict: its verdict.
        report_url: where its report can be opened, for links to what blocks; "" leaves them out.
    """
    link = _link_base(report_url)
    parts = [
        f"**{LABEL}: {badge_words(verdict)}**",
        f"## {markdown_text(run.dataset.name)}: {markdown_text(verdict.sentence)}",
        _provenance(run),
        *_listed("What blocks", _blockers(verdict, link), MAX_BLOCKERS),
        _counts(run, verdict.tally.total),
        *_listed("Worth a look", [_warning(run, verdict, o, link) for o in verdict.warnings], MAX_WARNINGS),
        *_waivers(run),
        *_changes(run.metrics.get("baseline")),
        *([f"[The report]({link})"] if link else []),
    ]
    return "\n\n".join(parts) + "\n"


def markdown_text(value: object, limit: int = 300) -> str:
    """Text that Markdown shows as it stands, on one line: no markup, no HTML, no mention, no table cell ended."""
    safe = _MARKUP.sub(lambda found: _ENTITIES.get(found[0]) or _escaped(found[0]), shown(value, limit))
    return _LINKED.sub(lambda found: f"{found[0]}<!-- -->", safe)


def _escaped(mark: str) -> str:
    """A backslash before the mark; the number of a list is escaped after its digits."""
    return f"{mark}\\" if mark.isdigit() else f"\\{mark}"


def _link_base(url: str) -> str:
    """The URL as a link's target can hold it: nothing in it ends the link."""
    return "".join(f"%{ord(mark):02X}" if mark in ' ()<>"\\' or ord(mark) < 32 else mark for mark in url)


def _provenance(run: AuditRun) -> str:
    facts = run.dataset
    revision = f", revision `{_code(facts.revision)}`" if facts.revision else ""
    return (
        f"{facts.rows:,} rows, {facts.images:,} images{revision}, data `{_code(facts.digest[:16])}`; audited "
        f"{_code(run.finished_at[:10])} by kvqa-audit {_code(run.tool.get('version', ''))}."
    )


def _code(text: str) -> str:
    return shown(text).replace("`", "'")


def _blockers(verdict: Verdict, link: str) -> list[str]:
    """The checks that block, the most findings first, each with a link; then every other reason."""
    largest = sorted(verdict.blockers, key=lambda outcome: -verdict.tally.of(outcome.code).blocking)
    told = {outcome.code: told_by_blockers(verdict, outcome) for outcome in largest}
    lines = [_linked(words.removeprefix(code).lstrip(": "), code, link) for code, words in told.items()]
    named = tuple(told.values())
    return lines + [
        markdown_text(reason, MAX_LINE)
        for reason in (*verdict.reasons, *verdict.spared)
        if not any(reason in n for n in named)
    ]


def _warning(run: AuditRun, verdict: Verdict, outcome: CheckOutcome, link: str) -> str:
    doc, counts = run.docs.get(outcome.code), verdict.tally.of(outcome.code)
    title = doc.title.rstrip(".") if doc else outcome.name
    return _linked(f"{title}: {counts.errors + counts.warnings:,} of {outcome.evaluated:,}", outcome.code, link)


def _linked(words: str, code: str, link: str) -> str:
    """A sentence with the check's code after it, which is a link where the report's place is known."""
    named = markdown_text(code)
    return f"{markdown_text(words, MAX_LINE)} ({f'[{named}]({link}#{named})' if link else named})"


def _listed(title: str, lines: list[str], most: int) -> list[str]:
    """A heading and a list; longer lists say how many lines were left out."""
    if not lines:
        return []
    told = [f"- {line}" for line in lines[:most]]
    if len(lines) > most:
        told.append(f"- … {len(lines) - most} more; the report lists all")
    return [f"**{title}**", "\n".join(told)]


def _counts(run: AuditRun, counts: Counts) -> str:
    not_judged = sum(count_of(run.outcomes, s) for s in (OutcomeStatus.SKIPPED, OutcomeStatus.VACUOUS))
    checks = {
        "passed": count_of(run.outcomes, OutcomeStatus.PASSED),
        "failed": count_of(run.outcomes, OutcomeStatus.FAILED),
        "not judged": not_judged,
        "crashed": count_of(run.outcomes, OutcomeStatus.ERRORED),
    }
    numbers = (counts.errors, counts.warnings, counts.notes, counts.waived, counts.blocking)
    return (
        "| errors | warnings | notes | waived | blocking |\n"
        "|---:|---:|---:|---:|---:|\n"
        f"| {' | '.join(f'{number:,}' for number in numbers)} |\n\n"
        f"Checks: {', '.join(f'{number:,} {what}' for what, number in checks.items())}."
    )


def _waivers(run: AuditRun) -> list[str]:
    """What was waived, by whom, why and until when: one line for findings of one check that were waived alike."""
    waived = waivers_of(run.findings)
    if not waived:
        return []
    lines = ["| waived | check | as | by | on | until | why |", "|---:|---|---|---|---|---|---|"]
    for one in waived[:MAX_WAIVERS]:
        cells: tuple[object, ...] = ("not told", "", "", "", "")
        if one.decision is not None:
            until, decision = one.decision.until or "no end", one.decision
            cells = (decision.verdict, decision.decided_by, decision.decided_at, until, decision.reason)
        cells = tuple(markdown_text(cell, 80) for cell in cells)
        lines.append(f"| {one.number:,} | {markdown_text(one.check)} | {' | '.join(map(str, cells))} |")
    if rest := sum(one.number for one in waived[MAX_WAIVERS:]):
        lines.append(f"| {rest:,} | more; findings.csv lists all | | | | | |")
    return ["\n".join(lines)]


def _changes(baseline: object) -> list[str]:
    if not isinstance(baseline, Mapping):
        return []
    numbers = [
        f"{int(baseline[name]):,} {name.replace('_', ' ')}"
        for name in ("new", "resolved", "still_open", "reopened", "decided")
        if isinstance(baseline.get(name), int)
    ]
    date = f" since {_code(str(baseline['date'])[:10])}" if baseline.get("date") else ""
    return [f"**What changed{date}**: {', '.join(numbers)}."] if numbers else []
