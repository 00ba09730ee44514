"""A finding and its audit come in; the finding's whole story goes out to a terminal."""

from __future__ import annotations

from pathlib import Path

from kvqa_audit.console.review import show_finding
from kvqa_audit.console.terminal import console, plain, say
from kvqa_audit.model import AuditRun, Finding
from kvqa_audit.outputs.file_positions import table_file
from kvqa_audit.release.review import pictures_of


def print_story(finding: Finding, run: AuditRun, audit: Path) -> None:
    """What is wrong, where, why it matters, the image's answers, what was decided, and where it is shown."""
    doc, screen = run.docs.get(finding.check), console()
    show_finding(finding, doc, pictures_of(finding, run), plain(doc.title) if doc else finding.check)
    file = table_file(run)
    place = file.place_of(finding)
    if place:
        say(f"  where: {file.path}, {place}")
    if doc is not None:
        screen.print(f"  why it matters: {plain(doc.why)}")
    for img_id in dict.fromkeys((finding.img_id, *finding.related)):
        answers = [(question, answer) for _, question, answer, of in run.rows or () if of == img_id]
        if answers:
            screen.print(f"  all answers of {plain(img_id)}:")
        for question, answer in answers:
            screen.print(f"    {plain(question)} {plain(answer)}")
    screen.print(f"  decided: {_decided(finding)}")
    say(f"  in the report: {audit / 'report.html'}#{finding.check}-{finding.key}")


def _decided(finding: Finding) -> str:
    decision = finding.decision
    if decision is None:
        return f"by nobody; it is {finding.status.value}"
    until = f"until {decision.until}" if decision.until else "for ever"
    told = f"{decision.verdict} by {decision.decided_by} on {decision.decided_at}, {until}: {decision.reason}"
    changes = [f"; on other evidence: {change}" for change in finding.evidence_changes]
    return plain(f"{told}; it is {finding.status.value}{''.join(changes)}")
