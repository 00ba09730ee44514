"""A finished audit comes in; workflow commands that a code host shows as annotations go out."""

from __future__ import annotations

from kvqa_audit.model import AuditRun, Severity
from kvqa_audit.outputs.file_positions import FindingGroup, TableFile, grouped, table_file
from kvqa_audit.release.gate import Verdict
from kvqa_audit.report.text import shown

# A code host shows ten annotations of each kind for one step, and drops the rest without a word.
MAX_PER_KIND = 10
KINDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def github_annotations(run: AuditRun, verdict: Verdict) -> str:
    """One line an annotation: the open findings by check and question, errors first, then the verdict.

    At most ten of each kind; the last notice tells the verdict and what was cut.
    """
    table = table_file(run)
    groups = [group for group in grouped(run) if not group.waived]
    lines, cut = [], []
    for severity, kind in KINDS.items():
        # One notice is kept for the verdict.
        room = MAX_PER_KIND - (kind == "notice")
        of_kind = [group for group in groups if group.severity is severity]
        lines += [_annotation(kind, group, table) for group in of_kind[:room]]
        if len(of_kind) > room:
            cut.append(f"{len(of_kind) - room:,} of {len(of_kind):,} {kind}s")
    told = verdict.sentence + (f" Not shown here: {', '.join(cut)}; findings.csv holds all." if cut else "")
    return "\n".join([*lines, _command("notice", told, title="kvqa-audit")]) + "\n"


def _annotation(kind: str, group: FindingGroup, table: TableFile) -> str:
    first = group.findings[0]
    number = len(group.findings)
    more = f" (and {number - 1:,} more)" if number > 1 else ""
    place = {"file": table.path, "line": str(table.line_of(first) or 1)}
    return _command(
        kind, f"{shown(first.message)}{more}", **place, title=f"{group.check} {shown(group.question or '', 80)}"
    )


def _command(kind: str, message: str, **properties: str) -> str:
    """`::kind name=value,…::message`, escaped so that no text of the dataset can end the line or start a command."""
    told = ",".join(f"{name}={_escaped_property(value.strip())}" for name, value in properties.items())
    return f"::{kind} {told}::{_escaped(message)}"


def _escaped(text: str) -> str:
    return shown(text, 2_000).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escaped_property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")
