"""A finished audit and its verdict come in; what other programs read goes out: each format, in one visible tuple."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from kvqa_audit.artifacts.atomic_file import write_atomically
from kvqa_audit.errors import KvqaAuditError
from kvqa_audit.model import AuditRun
from kvqa_audit.outputs.badge import badge_svg
from kvqa_audit.outputs.github import github_annotations
from kvqa_audit.outputs.junit import junit_xml
from kvqa_audit.outputs.sarif import sarif_log
from kvqa_audit.outputs.summary_md import summary_markdown
from kvqa_audit.release.gate import Verdict


@dataclass(frozen=True, slots=True)
class OutputFormat:
    """A format by the name it is asked for; without a file of its own it goes to standard output.

    `render` takes the audit, its verdict, and where the report can be opened, "" where nobody said.
    """

    name: str
    file_name: str | None
    render: Callable[[AuditRun, Verdict, str], bytes]


FORMATS = (
    OutputFormat("junit", "junit.xml", lambda run, verdict, _: junit_xml(run, verdict)),
    OutputFormat("sarif", "findings.sarif", lambda run, *_: sarif_log(run).encode()),
    OutputFormat("summary", "summary.md", lambda run, verdict, url: summary_markdown(run, verdict, url).encode()),
    OutputFormat("badge", "badge.svg", lambda run, verdict, _: badge_svg(run, verdict).encode()),
    OutputFormat("github", None, lambda run, verdict, _: github_annotations(run, verdict).encode()),
)


def formats_named(also: str | None) -> tuple[OutputFormat, ...]:
    """The formats in a list with commas, each once.

    Raises:
        KvqaAuditError: a format is not known.
    """
    known = {one.name: one for one in FORMATS}
    names = dict.fromkeys(name.strip().lower() for name in (also or "").split(",") if name.strip())
    for name in names:
        if name not in known:
            raise KvqaAuditError(f"--also {name}: is not a known format; known are: {', '.join(known)}")
    return tuple(known[name] for name in names)


def write_formats(
    run: AuditRun, verdict: Verdict, out: Path, formats: Sequence[OutputFormat], report_url: str = ""
) -> str:
    """Writes what was asked for beside the report, and gives what is for standard output.

    Raises:
        OutputError: the folder cannot be written.
    """
    printed = b""
    for one in formats:
        content = one.render(run, verdict, report_url)
        if one.file_name is None:
            printed += content
        else:
            write_atomically(out / one.file_name, content)
    return printed.decode()
