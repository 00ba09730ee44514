"""A finished audit and its verdict come in; a short Markdown summary for a pull request or a card goes out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping

from kvqa_audit.model import AuditRun, CheckOutcome, Finding, FindingStatus, OutcomeStatus, Severity
from kvqa_audit.outputs.badge import LABEL, badge_words
from kvqa_audit.outputs.file_positions import count_of
from kvqa_audit.release.gate import Verdict
from kvqa_audit.report.text import shown

MAX_LINES = 15
_MARKUP = re.compile(r"([\\`*_\[\]<>#|~$&]|:(?=//)|(?<=www)\.|^[-+=]|^\d+(?=[.)]))", re.IGNORECASE)
_ENTITIES = {"<": "&lt;", ">": "&gt;", "&": "&amp;"}
# A backslash does not keep a code host from making links and mails of these; a comment after them does.
_LINKED = re.compile(r"@|#(?=\d)")


def summary_markdown(run: AuditRun, verdict: Verdict) -> str:
    """The verdict, what blocks, the counts, and what changed; nothing in it is loaded from elsewhere."""
    parts = [
        f"**{LABEL}: {badge_words(verdict)}**",
        f"## {markdown_text(run.dataset.name)}: {markdown_text(verdict.sentence)}",
        _provenance(run),
        *_listed("Why", [markdown_text(reason) for reason in verdict.reasons]),
        _counts(run),
        *_listed("Worth a look", [_line(run, outcome) for outcome in verdict.warnings]),
        *_changes(run.metrics.get("baseline")),
    ]
    return "\n\n".join(parts) + "\n"


def markdown_text(value: object, limit: int = 300) -> str:
    """Text that Markdown shows as it stands, on one line: no markup, no HTML, no mention, no table cell ended."""
    safe = _MARKUP.sub(lambda found: _ENTITIES.get(found[0]) or _escaped(found[0]), shown(value, limit))
    return _LINKED.sub(lambda found: f"{found[0]}<!-- -->", safe)


def _escaped(mark: str) -> str:
    """A backslash before the mark; the number of a list is escaped after its digits."""
    return f"{mark}\\" if mark.isdigit() else f"\\{mark}"


def _provenance(run: AuditRun) -> str:
    facts = run.dataset
    revision = f", revision `{_code(facts.revision)}`" if facts.revision else ""
    return (
        f"{facts.rows:,} rows, {facts.images:,} images{revision}, data `{_code(facts.digest[:16])}`; audited "
        f"{_code(run.finished_at[:10])} by kvqa-audit {_code(run.tool.get('version', ''))}."
    )


def _code(text: str) -> str:
    return shown(text).replace("`", "'")


def _line(run: AuditRun, outcome: CheckOutcome) -> str:
    doc = run.docs.get(outcome.code)
    title = f": {markdown_text(doc.title)}" if doc else ""
    return f"{markdown_text(outcome.code)}{title} {outcome.violations:,} of {outcome.evaluated:,}"


def _listed(title: str, lines: list[str]) -> list[str]:
    """A heading and a list; longer lists say how many lines were left out."""
    if not lines:
        return []
    told = [f"- {line}" for line in lines[:MAX_LINES]]
    if len(lines) > MAX_LINES:
        told.append(f"- … {len(lines) - MAX_LINES} more; the report lists all")
    return [f"**{title}**", "\n".join(told)]


def _counts(run: AuditRun) -> str:
    opened = _by_severity(f for f in run.findings if f.status is FindingStatus.OPEN)
    waived = sum(f.status is not FindingStatus.OPEN for f in run.findings)
    not_judged = sum(count_of(run.outcomes, s) for s in (OutcomeStatus.SKIPPED, OutcomeStatus.VACUOUS))
    checks = {
        "passed": count_of(run.outcomes, OutcomeStatus.PASSED),
        "failed": count_of(run.outcomes, OutcomeStatus.FAILED),
        "not judged": not_judged,
        "crashed": count_of(run.outcomes, OutcomeStatus.ERRORED),
    }
    return (
        "| | " + " | ".join(checks) + " | errors | warnings | notes | waived |\n"
        "|---|" + "---:|" * 8 + "\n"
        "| checks | " + " | ".join(f"{n:,}" for n in checks.values()) + " | | | | |\n"
        "| findings | | | | | " + " | ".join(f"{opened[s]:,}" for s in reversed(Severity)) + f" | {waived:,} |"
    )


def _by_severity(findings: Iterable[Finding]) -> Counter[Severity]:
    return Counter(finding.severity for finding in findings)


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
